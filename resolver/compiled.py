"""Whether the way of a query runs compiled to C or as it is written, and where a checkout has its compiled form.

There is one source and two ways to run it. A wheel may carry compiled modules beside the sources; Python finds those by
itself. A checkout has them in a folder whose name says which sources they were made from, and they are used only while
these are the same: what runs is what is written.
"""

import hashlib
import os
import sys
from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from importlib.util import find_spec, spec_from_file_location
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Final

AS_WRITTEN: Final = "ARRET_PURE"
"""The environment variable that, unless empty or 0, keeps a checkout to its sources."""

_PACKAGE: Final = Path(__file__).parent
_LAYERS: Final = ("dns", "orders", "core", "net")
"""What compiled modules are made from or may take constants from."""


def home() -> Path:
    """Name the folder that a checkout's compiled form belongs in: by its sources, those of them that setup.py has
    compiled, and the Python that loads it."""
    digest = hashlib.sha256(sys.version.encode())
    chosen = _PACKAGE.parent.glob("setup.py")
    layers = (sorted((*(_PACKAGE / layer).glob("*.py"), *(_PACKAGE / layer).glob("*.c"))) for layer in _LAYERS)
    for source in (*chosen, *chain.from_iterable(layers)):
        digest.update(source.read_bytes())
    return _all_homes() / digest.hexdigest()[:16]


def prefer_compiled() -> None:
    """Have the modules that a checkout has compiled imported instead of their sources."""
    if os.environ.get(AS_WRITTEN, "0") in {"", "0"} and _all_homes().is_dir() and (folder := home()).is_dir():
        sys.meta_path.insert(0, _Compiled(folder))


def is_compiled() -> bool:
    """Tell whether this process decides with compiled code."""
    spec = find_spec("resolver.core.pipeline")
    return spec is not None and str(spec.origin).endswith(tuple(EXTENSION_SUFFIXES))


def form() -> str:
    """Say in words which form runs."""
    return "compiled" if is_compiled() else "pure Python"


class _Compiled:
    """Finds the extension modules in a folder, laid out as packages are."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            ".".join(file.relative_to(folder).parts).removesuffix(suffix): file
            for suffix in EXTENSION_SUFFIXES[:1]
            for file in folder.rglob(f"*{suffix}")
        }

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module by its full name, for the import system."""
        file = self._files.get(fullname)
        return spec_from_file_location(fullname, file) if file is not None else None


def _all_homes() -> Path:
    return _PACKAGE.parent / "build" / "compiled"
