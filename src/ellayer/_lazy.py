"""Names of a package that are imported from the file that defines them when first used, and packages to call."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection, Mapping
from types import ModuleType


def lazy_names(
    package: str, homes: Mapping[str, str], packages: Collection[str] = ()
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package that imports its names when they are first used.

    Type checkers read the same names in the ``__init__.pyi`` of the package; a test compares the two.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    homes : mapping of str to str
        For each name the module that defines it, written as in ``from .module import name``.
    packages : collection of str
        Packages in it that are imported when first used, too.

    Returns
    -------
    (callable, callable)
    """

    def look_up(name: str) -> object:
        if name in homes:
            value = getattr(importlib.import_module(homes[name], package), name)
        elif name in packages:
            value = importlib.import_module(f".{name}", package)
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(sys.modules[package], name, value)
        return value

    return look_up, lambda: sorted({*vars(sys.modules[package]), *homes, *packages})


def make_callable(package: str, name: str) -> None:
    """Let a package be called like one of its functions, which is imported when it is first called.

    Type checkers do not support callable modules: for them the function is available under its own name.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    name : str
        Of the function in it.
    """

    class CallablePackage(ModuleType):
        """A package that is called like one of its functions."""

        def __call__(self, *arguments: object, **options: object) -> object:
            """Call the function."""
            return getattr(self, name)(*arguments, **options)

    sys.modules[package].__class__ = CallablePackage
