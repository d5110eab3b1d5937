"""New weights in a folder with a manifest: their sizes and sums are written into it."""

from pathlib import Path


def seal(folder: Path) -> None:
    """Seal ``folder``/manifest.yaml anew, where there is one; says so, or what is left to do where that cannot be."""
    path = folder / "manifest.yaml"
    if not path.is_file():
        return
    try:  # a bare machine that only trains has no reader of manifests
        from installation.registry.manifest import read_manifest
        from installation.registry.manifest import seal as seal_manifest
    except ModuleNotFoundError as err:
        print(f"{path}: sizes and sums are old ({err.name} is not installed here); `python -m installation weights seal` mends it")
        return
    seal_manifest(read_manifest(path))
