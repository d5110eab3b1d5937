"""Tries what the mirror imports and names the Debian package of a system library that is missing."""

import ctypes
import importlib
import os
import re
import sys

os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
MODULES = ("numpy", "cv2", "torch", "openvino", "av", "pygame", "moderngl", "glcontext", "safetensors", "PIL", "yaml", "pydantic")
# Only libstdc++ and zlib are needed: the wheels bring the rest. The others are for machines whose packages are built otherwise.
PACKAGES = {
    "libstdc++.so.6": "libstdc++6",
    "libz.so.1": "zlib1g",
    "libgomp.so.1": "libgomp1",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
}


def missing(module: str) -> str | None:
    """What keeps a module from being imported, in one sentence."""
    try:
        importlib.import_module(module)
    except Exception as err:
        library = re.match(r"(lib\S+\.so[\d.]*)", str(err))
        if library is None:
            return f"{module} cannot be imported: {err}"
        package = PACKAGES.get(library[1])
        advice = f"apt-get install {package}" if package else "install the package that brings it"
        return f"{module} needs the system library {library[1]}, which is missing (Debian, Ubuntu: {advice})."
    return None


def has_library(name: str) -> bool:
    """Whether the loader finds a shared library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def main() -> int:
    """0 where everything loads. A machine without OpenGL is told what it misses, and is fine: the plain renderer draws."""
    faults = [fault for module in MODULES if (fault := missing(module))]
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults and sys.platform == "linux":
        absent = [name for name in ("libGL.so.1", "libEGL.so.1") if not has_library(name)]
        if absent:
            packages = " ".join(PACKAGES[name] for name in absent)
            print(f"No OpenGL here, so the plain renderer will draw; for the shaders: apt-get install {packages} libgl1-mesa-dri")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
