"""``weights/manifest.yaml``: every known model, its files, source, licence, and the family whose directions fit it."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from installation.config_file import read_document
from installation.errors import ConfigError, WeightsError
from installation.output_file import whole_file
from installation.places import kept, shipped

MANIFEST = shipped("weights") / "manifest.yaml"

Kind = Literal[
    "generator", "encoder", "encoder and generator", "child", "directions", "editor", "attribute network", "occlusion network",
    "face networks", "feature network",
]  # fmt: skip


class ListedFile(BaseModel):
    """One file, relative to the manifest's folder. size in bytes; url where it can be fetched without a person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(min_length=1, max_length=200)
    size: int | None = Field(None, ge=1)
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    url: str | None = Field(None, pattern=r"^https?://")

    @field_validator("file")
    @classmethod
    def _inside(cls, value: str) -> str:
        if Path(value).is_absolute() or ".." in Path(value).parts:
            raise ValueError("must lie in the manifest's folder")
        return value


class ListedModel(BaseModel):
    """A known model. page: where a person reads about it; none for those that are part of this project."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    family: str = Field(min_length=1)
    what: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    page: str | None = Field(None, pattern=r"^https?://")
    files: tuple[ListedFile, ...] = Field(min_length=1)

    @property
    def shipped(self) -> bool:
        return self.page is None


@dataclass(frozen=True)
class Manifest:
    """The models by name, and the folder that their files lie in."""

    path: Path
    models: dict[str, ListedModel]

    @property
    def folder(self) -> Path:
        return self.path.parent

    def place(self, file: ListedFile) -> Path:
        """Where a listed file lies, or is to lie once it is fetched: nothing is fetched into an installed package."""
        ours = any(file in model.files for model in self.models.values() if model.shipped)
        return (self.folder if ours or self.path != MANIFEST else kept("weights")) / file.file

    def named(self, name: str) -> ListedModel:
        """Raises ConfigError for a name that is not known."""
        if name not in self.models:
            raise ConfigError(f"{name}: no such model; there are {', '.join(self.models)}")
        return self.models[name]

    def fitting(self, family: str) -> list[str]:
        """Names of the direction sets that belong to a family."""
        return [name for name, model in self.models.items() if model.kind == "directions" and model.family == family]

    def known_as(self, path: Path) -> str | None:
        """Name of the model that a file is, by its size and sum; None for a file that is not listed."""
        size, digest = path.stat().st_size, ""
        for name, model in self.models.items():
            for file in model.files:
                if file.size == size and file.sha256 is not None:
                    digest = digest or sha256_of(path)
                    if file.sha256 == digest:
                        return name
        return None


def read_manifest(path: Path = MANIFEST) -> Manifest:
    """Raises ConfigError, with the model and the key, for a manifest that is missing or wrong."""
    document = read_document(path)
    entries = document.values.get("models")
    if not isinstance(entries, dict) or set(document.values) != {"models"}:
        raise ConfigError(f"{path}: one key 'models' with the models by name is needed")
    models = {}
    for name, entry in entries.items():
        try:
            models[name] = ListedModel.model_validate(entry)
        except ValidationError as err:
            first = err.errors()[0]
            where = ".".join(map(str, ("models", name, *first["loc"])))
            raise ConfigError(f"{document.where(('models', name))}: {where}: {first['msg']}") from err
    return Manifest(path, models)


@dataclass(frozen=True)
class FileState:
    """What became of a listed file. fault: why it is not the listed one, in words; None where it is or cannot be known."""

    file: ListedFile
    path: Path
    there: bool
    fault: str | None = None


def check_file(manifest: Manifest, file: ListedFile, thorough: bool) -> FileState:
    """Whether a file is there and has the listed size and, if ``thorough``, the listed sum. Raises WeightsError for a file
    that cannot be read."""
    path = manifest.place(file)
    if not path.exists():
        return FileState(file, path, False)
    try:
        size = path.stat().st_size
        if file.size is not None and size != file.size:
            return FileState(file, path, True, f"is {size} bytes, {file.size} are listed")
        if thorough and file.sha256 is not None and (digest := sha256_of(path)) != file.sha256:
            return FileState(file, path, True, f"has the sha256 {digest}, {file.sha256} is listed")
    except OSError as err:
        raise WeightsError(f"{path}: cannot be read ({err.strerror or err})") from err
    return FileState(file, path, True)


def sealed(manifest: Manifest) -> str:
    """The manifest's text with the present sizes and sums of the shipped files; everything else stays as it is written."""
    text = manifest.path.read_text(encoding="utf-8")
    for model in manifest.models.values():
        for file in model.files if model.shipped else ():
            path = manifest.folder / file.file
            if not path.is_file():
                raise WeightsError(f"{path}: is missing, and the manifest lists it as shipped")
            line = f"{{file: {file.file}, size: {path.stat().st_size}, sha256: {sha256_of(path)}}}"
            pattern = rf"\{{file: {re.escape(file.file)}(, size: \d+)?(, sha256: [0-9a-f]+)?\}}"
            text, count = re.subn(pattern, line, text)
            if count != 1:
                raise ConfigError(f"{manifest.path}: {file.file}: write its entry as {{file: {file.file}}} on one line")
    return text


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(manifest: Manifest) -> int:
    """Write the sizes and sums of our own files into the manifest; says so. 0: done."""
    text = sealed(manifest)
    with whole_file(manifest.path) as part:
        part.write_text(text, encoding="utf-8")
    print(f"{manifest.path}: sizes and sums of our own files are written")
    return 0


def signed(path: Path) -> str:
    """Name and sha256 of a file, for a card."""
    with path.open("rb") as file:
        return f"{path.name} sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
