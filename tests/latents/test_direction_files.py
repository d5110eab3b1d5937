"""Published directions: each layout gives the vector it holds, and a file that lies is refused."""

import io
import pickle
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from installation.errors import WeightsError
from installation.latents.direction_files import plain_name, read_directions
from installation.latents.directions import Direction, load_directions, save_directions
from installation.latents.maps import Maps
from tests.checkpoints.test_checkpoints_hostile import archive, tuple_bomb

STYLES, WIDTH = 18, 512


def normals(*shape):
    return np.random.default_rng(1).standard_normal(shape)


def offset(path, styles=STYLES, w_dim=WIDTH):
    found = load_directions([path], styles, w_dim)
    assert len(found.names) == 1
    return found.names[0], found.move([1.0]).offset


def test_rolux_npy(tmp_path):
    values = normals(STYLES, WIDTH)
    np.save(tmp_path / "eye_distance.npy", values)
    name, vector = offset(tmp_path / "eye_distance.npy")
    assert name == "eye-distance"
    assert np.array_equal(vector.numpy(), values.astype(np.float32))


@pytest.mark.parametrize("styles", [14, 16, 18])
def test_interfacegan_npy_serves_every_layer(tmp_path, styles):
    values = normals(1, WIDTH).astype(np.float32)
    np.save(tmp_path / "stylegan_ffhq_age_w_boundary.npy", values)
    name, vector = offset(tmp_path / "stylegan_ffhq_age_w_boundary.npy", styles)
    assert name == "age"
    assert np.array_equal(vector.numpy(), np.broadcast_to(values, (styles, WIDTH)))


@pytest.mark.parametrize("shape", [(1, WIDTH), (STYLES, WIDTH), (1, STYLES, WIDTH), (WIDTH,)])
def test_e4e_pt(tmp_path, shape):
    values = torch.randn(shape)
    torch.save(values, tmp_path / "pose.pt")
    name, vector = offset(tmp_path / "pose.pt")
    assert name == "pose"
    assert torch.equal(vector, values.reshape(-1, WIDTH).expand(STYLES, WIDTH))


def test_a_dict_of_tensors_gives_each(tmp_path):
    torch.save({"Smile": torch.ones(1, 8), "beard": torch.zeros(6, 8), "note": "text"}, tmp_path / "many.pt")
    found = load_directions([tmp_path / "many.pt"], 6, 8)
    assert found.names == ("smile", "beard")


def ganspace(path, count=12, width=8):
    content = {"mean": torch.zeros(1, width), "comp": torch.eye(count, width)[:, None], "std": torch.arange(1.0, count + 1)}
    torch.save(content, path)


def test_bare_ganspace_gives_its_first_components_in_deviations(tmp_path):
    ganspace(tmp_path / "ffhq_pca.pt")
    found = load_directions([tmp_path / "ffhq_pca.pt"], 6, 8)
    assert found.names == tuple(f"ffhq-pca-{k}" for k in range(8))
    assert found.directions[3].vector.norm(dim=1).tolist() == [4.0] * 6


def test_ganspace_npz(tmp_path):
    np.savez(tmp_path / "pca.npz", lat_comp=np.eye(3, 8)[:, None], lat_stdev=np.array([1.0, 2.0, 3.0]), act_comp=np.zeros((2, 9, 9, 9)))
    found = load_directions([tmp_path / "pca.npz"], 6, 8)
    assert found.names == ("pca-0", "pca-1", "pca-2")
    assert found.directions[2].vector[5, 2] == 3.0


@pytest.mark.parametrize(
    ("styles", "w_dim", "reason"),
    [
        (14, 512, r"direction 'smile' is for codes of 18x512 \(StyleGAN2 at 1024 px\), the generator's are 14x512"),
        (18, 256, "'smile'.* 18x512.*the generator's are 18x256"),
    ],
)
def test_a_misfit_is_refused_by_name(tmp_path, styles, w_dim, reason):
    np.save(tmp_path / "smile.npy", normals(18, 512))
    with pytest.raises(WeightsError, match=rf"smile\.npy: .*{reason}"):
        load_directions([tmp_path / "smile.npy"], styles, w_dim)


def test_another_family_of_the_same_shape_is_refused(tmp_path):
    path = tmp_path / "d.safetensors"
    save_directions([Direction("smile", torch.ones(6, 8), (0, 6), family="cats-256")], path, {})
    assert load_directions([path], 6, 8).directions[0].family == "cats-256"
    assert load_directions([path], 6, 8, "cats-256").names == ("smile",)
    with pytest.raises(WeightsError, match="'smile' belongs to cats-256, the generator is ffhq-256"):
        load_directions([path], 6, 8, "ffhq-256")


def test_residual_maps_of_two_sizes_do_not_go_together(tmp_path):
    for name, side in (("a", 8), ("b", 16)):
        one = Direction(name, torch.ones(6, 8), (0, 6), Maps(flow=torch.zeros(2, side, side)))
        save_directions([one], tmp_path / f"{name}.safetensors", {})
    with pytest.raises(WeightsError, match="'b' and 'a' have a flow of 2x16x16 and 2x8x8"):
        load_directions([tmp_path / "a.safetensors", tmp_path / "b.safetensors"], 6, 8)


class Hostile:
    def __reduce__(self):
        return exec, ("open('executed', 'w')",)


def npy_claiming(shape):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return header.getvalue() + b"\0" * 512


def hostile_files(folder):
    np.save(folder / "objects.npy", np.array([Hostile()], dtype=object), allow_pickle=True)
    (folder / "pickle.npy").write_bytes(pickle.dumps(Hostile()))
    (folder / "claim.npy").write_bytes(npy_claiming((6_000_000_000, 1)))
    np.save(folder / "nan.npy", np.full((1, 8), np.nan))
    np.save(folder / "picture.npy", np.zeros((3, 40, 50)))
    np.save(folder / "text.npy", np.array(["a"]))
    torch.save(Hostile(), folder / "hostile.pt")
    (folder / "raw.pt").write_bytes(pickle.dumps(Hostile()))
    torch.save(torch.zeros(1, 1).expand(100_000_000, 512), folder / "strided.pt")
    torch.save({"comp": torch.zeros(5, 1, 8), "std": torch.zeros(4)}, folder / "uneven.pt")
    torch.save([1, 2], folder / "numbers.pt")
    (folder / "empty.pt").write_bytes(b"")
    archive(folder / "tuples.pt", tuple_bomb())  # of names that torch takes for harmless
    with zipfile.ZipFile(folder / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x/data.pkl", b"\0" * (300 << 20))
    np.savez(folder / "objects.npz", lat_comp=np.array([Hostile()], dtype=object))


def test_hostile_and_broken_files_are_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hostile_files(tmp_path)
    files = sorted(path for path in tmp_path.iterdir())
    assert len(files) == 15
    for path in files:
        with pytest.raises(WeightsError) as caught:
            load_directions([path], 6, 8)
        assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value), caught.value
    assert not (tmp_path / "executed").exists()


def test_missing_files_folders_and_other_kinds(tmp_path):
    (tmp_path / "folder.npy").mkdir()
    for name, reason in (("none.npy", "no such"), ("folder.npy", "a folder"), ("model.onnx", "not a file of directions")):
        with pytest.raises(WeightsError, match=rf"{name}: .*{reason}"):
            read_directions(tmp_path / name)


@pytest.mark.parametrize("kind", ["facets-generator", "a", "zzz", ""])
def test_a_file_of_another_kind_is_refused_by_the_kind_it_says(tmp_path, kind):
    save_file({"smile": torch.ones(6, 8)}, tmp_path / "other.safetensors", {"kind": kind, "layers": '{"smile": [0, 6]}'})
    with pytest.raises(WeightsError, match=rf"other\.safetensors: not a file of directions \(its kind is '{kind}'\)"):
        read_directions(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("eye_distance", "eye-distance"),
        ("stylegan_ffhq_age_w_boundary", "age"),
        ("stylegan_celebahq_smile_c_gender_boundary", "smile"),
        ("boundary_Smiling", "smiling"),
        ("Ünüsual!", "n-sual"),
        ("___", "direction"),
    ],
)
def test_names_of_controls(stem, name):
    assert plain_name(stem) == name


@pytest.mark.parametrize("form", ["factor.pt", "factor.npz", "factor.safetensors"])
def test_factors_give_their_columns_for_every_style(form, tmp_path):
    """What closed-form factorisation writes: eigenvectors in columns, of unit length, the strongest first."""
    factors = torch.linalg.qr(torch.randn(12, 12))[0].contiguous()
    path = tmp_path / form
    match path.suffix:
        case ".pt":
            torch.save({"ckpt": "checkpoint/ffhq.pt", "eigvec": factors}, path)
        case ".npz":
            np.savez(path, eigvec=factors.numpy())
        case _:
            save_file({"eigvec": factors}, path)
    found = load_directions([path], 6, 12)
    assert found.names == tuple(f"factor-{k}" for k in range(8))
    for k, one in enumerate(found.directions):
        assert torch.equal(one.vector, factors[:, k].expand(6, 12))


@pytest.mark.parametrize(("stem", "name"), [("faces_xcomp", "faces"), ("faces_zcomp", "faces"), ("my-components", "my-components")])
@pytest.mark.parametrize("count", [3, 6])
def test_autolumes_components_are_directions_each(stem, name, count, tmp_path):
    """Also where there are as many as the generator has styles."""
    rows = np.linalg.qr(np.random.default_rng(2).standard_normal((8, 8)))[0][:count].astype(np.float32)
    np.save(tmp_path / f"{stem}.npy", rows)
    found = load_directions([tmp_path / f"{stem}.npy"], 6, 8)
    assert found.names == tuple(f"{name}-{k}" for k in range(count))
    assert torch.equal(found.directions[2].vector, torch.from_numpy(rows[2]).expand(6, 8))


def test_a_direction_for_each_style_stays_one(tmp_path):
    np.save(tmp_path / "smile.npy", normals(6, 8))
    assert load_directions([tmp_path / "smile.npy"], 6, 8).names == ("smile",)


BOUNDARIES = {
    "stylegan_ffhq_age_w_boundary": None,
    "stylegan_celebahq_smile_c_gender_w_boundary": None,
    "my_boundary": None,
    "boundary": None,
    "stylegan2_ffhq_w/boundary_Smiling": None,
    "stylegan_ffhq_age_boundary": "a boundary in z",
    "stylegan_celebahq_age_c_gender_boundary": "a boundary in z",
    "pggan_celebahq_age_boundary": "a boundary of PGGAN",
    "pggan_celebahq_age_c_gender_eyeglasses_boundary": "a boundary of PGGAN",
    "age_z_boundary": "a boundary in z",
    "stylegan2_ffhq_z/boundary_Smiling": "a boundary in z",
    "stylegan3_z/boundary_Young": "a boundary in z",
}


@pytest.mark.parametrize("name", BOUNDARIES)
def test_boundaries_of_another_space_are_refused_by_their_names(name, tmp_path):
    path = tmp_path / f"{name}.npy"
    path.parent.mkdir(exist_ok=True)
    np.save(path, normals(1, 8))
    if BOUNDARIES[name] is None:
        assert len(load_directions([path], 6, 8).names) == 1
        return
    with pytest.raises(WeightsError, match=BOUNDARIES[name]) as caught:
        load_directions([path], 6, 8)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_boundaries_of_the_first_stylegan_are_said_to_be_or_refused_where_the_family_is_known(tmp_path):
    path = tmp_path / "stylegan_ffhq_age_w_boundary.npy"
    np.save(path, normals(1, 8))
    (notice,) = load_directions([path], 6, 8).notices
    assert "a boundary of the first StyleGAN" in notice
    with pytest.raises(WeightsError, match="belongs to stylegan1-ffhq-1024, the generator is stylegan2-ffhq-1024"):
        load_directions([path], 6, 8, "stylegan2-ffhq-1024")
