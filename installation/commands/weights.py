"""The known models and the files of them that are here.

python -m installation weights list | info FILE | verify | fetch NAME | import FILE | seal
"""

import argparse
import sys
from pathlib import Path

from installation.checkpoints.encoder_reading import EncoderReading, add_reading, as_arguments
from installation.errors import ConfigError, WeightsError
from installation.registry.fetch import Download, fetch
from installation.registry.manifest import MANIFEST, FileState, ListedModel, Manifest, check_file, read_manifest, seal, sha256_of

MIB = 1 << 20


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m installation weights", description="The known models and their files.")
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="every known model, and whether it is here")
    info = commands.add_parser("info", help="what a model file is")
    info.add_argument("file", type=Path)
    commands.add_parser("verify", help="check sizes and sums of the files that are here")
    get = commands.add_parser("fetch", help="bring a published model, or say where a person finds it")
    get.add_argument("name")
    convert = commands.add_parser("import", help="bring a model of any format into ours, at half the size")
    convert.add_argument("file", type=Path)
    convert.add_argument("--out", type=Path, metavar="FOLDER", help="default: beside FILE")
    convert.add_argument("--force", action="store_true", help="write over a file that is there")
    add_reading(convert)
    commands.add_parser("seal", help="write sizes and sums of our own files into the manifest, after publishing them anew")
    a = parser.parse_args(argv)
    manifest = read_manifest(a.manifest)
    match a.command:
        case "list":
            return list_models(manifest)
        case "info":
            return show(manifest, a.file)
        case "verify":
            return verify(manifest)
        case "fetch":
            return fetch_model(manifest, a.name)
        case "import":
            return import_model(manifest, a)
    return seal(manifest)


def list_models(manifest: Manifest) -> int:
    width = max(len(name) for name in manifest.models)
    for name, model in manifest.models.items():
        print(f"{name:<{width}}  {_state(manifest, model):<18}  {model.kind:<21}  {model.what}")
        fitting = [] if model.kind == "directions" else manifest.fitting(model.family)
        line = f"{model.family}; licence {model.licence}" + (f"; directions that fit: {', '.join(fitting)}" if fitting else "")
        print(f"{'':<{width}}  {line}")
    return 0


def _state(manifest: Manifest, model: ListedModel) -> str:
    states = [check_file(manifest, file, thorough=False) for file in model.files]
    there = sum(state.there for state in states)
    if any(state.fault for state in states):
        return "wrong size"
    if there == len(states):
        return "installed"
    if there:
        return f"{there} of {len(states)} files"
    return "missing" if model.shipped else "to be fetched" if all(file.url for file in model.files) else "by hand"


def show(manifest: Manifest, path: Path) -> int:
    from installation.registry.describe import described

    rows = described(path, manifest)
    width = max(len(what) for what, _ in rows)
    print("\n".join(f"{what:<{width}}  {value}" for what, value in rows))
    return 0


def verify(manifest: Manifest) -> int:
    """Exit code 2 where a file is not the listed one, or one of ours is missing."""
    faults = []
    for model in manifest.models.values():
        for state in (check_file(manifest, file, thorough=True) for file in model.files):
            if state.there:
                print(f"{'WRONG' if state.fault else 'right' if state.file.sha256 else 'no sum is known':<16} {state.path}")
            if fault := _fault(state, model):
                faults.append(f"{state.path}: {fault}")
    if faults:
        raise WeightsError("\n".join(faults))
    return 0


def _fault(state: FileState, model: ListedModel) -> str | None:
    return "is missing; restore it from the project" if model.shipped and not state.there else state.fault


def fetch_model(manifest: Manifest, name: str) -> int:
    model = manifest.named(name)
    if model.shipped:
        raise ConfigError(f"{name}: is part of this project; restore its file from there")
    print(f"{name}: {model.what}\nlicence: {model.licence}\npage: {model.page}")
    by_hand = []
    for file in model.files:
        state = check_file(manifest, file, thorough=True)
        if state.there and not state.fault:
            print(f"{state.path}: is here already")
        elif state.there:
            raise WeightsError(f"{state.path}: {state.fault}; move it away and fetch again")
        elif file.url is None:
            by_hand.append(state.path)
        else:
            wanted = Download(file.url, state.path, file.size, file.sha256, model.page or "")
            digest = fetch(wanted, _Progress(state.path.name).tell)
            known = "sum as listed" if file.sha256 else "no sum is listed to check it with"
            print(f"\n{state.path}: sha256 {digest}, {known}")
    if by_hand:
        print("must be fetched by hand from that page; put them here:")
        print("\n".join(f"  {path}" for path in by_hand))
        return ConfigError.exit_code
    return 0


class _Progress:
    """Writes how far a download is: in place on a terminal, every tenth elsewhere."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._told = -1

    def tell(self, done: int, total: int | None) -> None:
        step = done * 1000 // total if total else done // MIB
        if not sys.stderr.isatty():
            step //= 100
        if step == self._told:
            return
        self._told = step
        of = f" of {total / MIB:.1f} MiB, {done / total:.0%}" if total else " MiB"
        end = "\r" if sys.stderr.isatty() else "\n"
        print(f"{self._name}: {done / MIB:.1f}{of}", end=end, file=sys.stderr, flush=True)


def import_model(manifest: Manifest, a: argparse.Namespace) -> int:
    from installation.registry.convert import import_file

    path: Path = a.file
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    name = manifest.known_as(path)
    card = {"name": path.stem, "imported_from": path.name, "imported_sha256": sha256_of(path)}
    if name:
        card |= {"family": manifest.models[name].family, "licence": manifest.models[name].licence, "page": manifest.models[name].page or ""}
    written = import_file(path, a.out, a.force, card, EncoderReading(a.encoder_kind, a.encoder_codes))
    before, after = path.stat().st_size, sum(one.path.stat().st_size for one in written)
    for one in written:
        print(f"{one.path}: {one.part}, {one.path.stat().st_size / MIB:.1f} MiB, relative error {one.error:.1e} beside the original")
        for notice in one.notices:
            print(f"note: {as_arguments(notice)}")
    print(f"{after / before:.0%} of {before / MIB:.1f} MiB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
