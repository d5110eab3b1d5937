"""The manifest: ours is true, its mistakes are named, and sealing changes nothing but sizes and sums."""

import hashlib

import pytest

from installation.errors import ConfigError, WeightsError
from installation.registry.manifest import MANIFEST, check_file, read_manifest, sealed

OWN = """models:
  a:
    kind: generator
    family: f
    what: a thing   # kept
    licence: MIT
    files:
      - {file: a.bin}
  there:
    kind: generator
    family: f
    what: elsewhere
    licence: MIT
    page: https://example.org
    files:
      - {file: b.bin, url: "https://example.org/b.bin"}
  d:
    kind: directions
    family: f
    what: directions
    licence: MIT
    page: https://example.org
    files:
      - {file: d.npy}
"""


def test_sums_of_the_shipped_files_are_true():
    manifest = read_manifest()
    shipped = [file for model in manifest.models.values() if model.shipped for file in model.files]
    folder = MANIFEST.parent
    there = {path.relative_to(folder).as_posix() for kind in ("*.safetensors", "mediapipe/*.tflite") for path in folder.glob(kind)}
    assert there == {file.file for file in shipped}
    for file in shipped:
        assert file.size is not None and file.sha256 is not None
        state = check_file(manifest, file, thorough=True)
        assert state.there and state.fault is None, f"{state.path}: {state.fault}; run: python -m installation weights seal"


def test_every_published_model_says_where_it_is_from():
    manifest = read_manifest()
    for name in ("psp-ffhq", "e4e-ffhq", "psp-toonify", "rosinality-ffhq-256", "stylegan2-ffhq", "stylegan3-t-ffhq", "stylegan3-r-ffhq"):
        model = manifest.named(name)
        assert model.page and model.licence and all(file.file.startswith("fetched/") for file in model.files)
    assert manifest.fitting("stylegan2-ffhq-1024") == ["directions-rolux", "directions-e4e", "directions-ganspace"]
    assert manifest.fitting("facets-base") == ["directions"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "manifest.yaml").write_text(OWN, encoding="utf-8")
    (tmp_path / "a.bin").write_bytes(b"abc")
    return tmp_path


def test_sealing(folder):
    path = folder / "manifest.yaml"
    digest = hashlib.sha256(b"abc").hexdigest()
    text = sealed(read_manifest(path))
    assert text == OWN.replace("{file: a.bin}", f"{{file: a.bin, size: 3, sha256: {digest}}}")
    path.write_text(text, encoding="utf-8")
    (folder / "a.bin").write_bytes(b"abd")
    manifest = read_manifest(path)
    state = check_file(manifest, manifest.models["a"].files[0], thorough=True)
    assert state.fault is not None and digest in state.fault
    assert sealed(manifest) == text.replace(digest, hashlib.sha256(b"abd").hexdigest())
    (folder / "a.bin").unlink()
    with pytest.raises(WeightsError, match=r"a\.bin: is missing"):
        sealed(manifest)


def test_a_file_is_known_by_its_sum(folder):
    path = folder / "manifest.yaml"
    path.write_text(sealed(read_manifest(path)), encoding="utf-8")
    (folder / "copy.bin").write_bytes(b"abc")
    (folder / "other.bin").write_bytes(b"abd")
    manifest = read_manifest(path)
    assert manifest.known_as(folder / "copy.bin") == "a" and manifest.known_as(folder / "other.bin") is None


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("kind: generator", "kind: chair", r"manifest\.yaml:2: models\.a\.kind"),
        ("licence: MIT", "license: MIT", r"models\.a\.licence: Field required"),
        ("{file: a.bin}", "{file: ../a.bin}", "must lie in the manifest's folder"),
        ("{file: a.bin}", "{file: a.bin, sha256: 12}", r"models\.a\.files\.0\.sha256"),
        ("https://example.org/b.bin", "file:///etc/passwd", r"models\.there\.files\.0\.url"),
        ("models:", "model:", "one key 'models'"),
    ],
)
def test_mistakes_are_named(folder, old, new, reason):
    (folder / "manifest.yaml").write_text(OWN.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=reason):
        read_manifest(folder / "manifest.yaml")
