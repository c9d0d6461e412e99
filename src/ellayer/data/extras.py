"""Libraries that only some kinds of file need: the extra ``files``."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from .errors import DataError


def import_extra(library: str, kind: str, path: Path) -> ModuleType:
    """Return a library of the extra ``files``.

    Parameters
    ----------
    library : str
    kind : str
        Of the file that needs it, for the message.
    path : Path
        Of the file.

    Raises
    ------
    DataError
        It is not installed; the message has the command that installs it.
    """
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise DataError(
            f"expected the library {library} to read {path}, which is {kind}, but it is not installed; install it with: "
            f"pip install 'ellayer[files]' (or pip install {library})"
        ) from error
