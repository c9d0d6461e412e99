"""Work that waits for the import of another package."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Waiting:
    """A finder that delegates to the other finders, and makes a package's loader do the work after loading the package.

    It stays until the package is loaded: many programs only check whether a package is installed. ``importlib.abc``, which has
    a base class for it, takes longer to import than Ellayer.
    """

    def __init__(self, package: str, module: str, function: str):
        self._package, self._work = package, (module, function)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._package:
            return None
        others = (finder for finder in [*sys.meta_path] if finder is not self)
        spec = next(filter(None, (finder.find_spec(fullname, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_work(module: ModuleType) -> None:
                load(module)
                if self in sys.meta_path:
                    sys.meta_path.remove(self)
                    _call(*self._work)

            vars(spec.loader)["exec_module"] = load_and_work
        return spec


def _call(module: str, function: str) -> None:
    with contextlib.suppress(ImportError):  # a package that the function needs may be missing
        getattr(importlib.import_module(module), function)()


def when_imported(package: str, module: str, function: str) -> None:
    """Call a function of a module once a package is imported: immediately if it is already imported.

    Parameters
    ----------
    package, module, function : str
    """
    if package in sys.modules:
        _call(module, function)
    else:
        sys.meta_path.insert(0, _Waiting(package, module, function))
