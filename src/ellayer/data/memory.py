"""What a file may ask of the machine: sizes that cannot be, or cannot be held, are refused before they are read."""

from __future__ import annotations

import math
import os

from .errors import DataError


def machine_memory() -> int:
    """Return the bytes of memory of this machine."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not a POSIX system
        return 2**34


def check_memory(count: int, what: str, itemsize: int = 8) -> None:
    """Refuse what would not fit into the machine's memory.

    Parameters
    ----------
    count : int
        Numbers that would be held.
    what : str
        What they are, for the message.
    itemsize : int
        Bytes of each: 8 for float64, 4 for float32.

    Raises
    ------
    DataError
        They need more than there is.
    """
    memory = machine_memory()
    if itemsize * count > memory:
        raise DataError(
            f"{what} needs {bytes_text(itemsize * count)} as float{8 * itemsize}, but this machine has "
            f"{bytes_text(memory)}; write a file with fewer or smaller examples"
        )


def bytes_text(n: int) -> str:
    """Return a number of bytes as one reads it.

    Examples
    --------
    >>> bytes_text(1_500_000)
    '1.5 MB'
    """
    power = min(int(math.log10(max(n, 1))) // 3, 6)
    return f"{n / 1000**power:.4g} {('bytes', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB')[power]}"
