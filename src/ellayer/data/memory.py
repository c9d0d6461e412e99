"""The memory of the machine: total, available, and checks."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from .errors import DataError

PIECE = 1 << 20  # bytes read at once
_ALWAYS_UNPACKED = 100_000_000  # bytes, up to which any compression is accepted
_MOST_PACKED = 200  # times; a table of text is seldom packed beyond 20


def machine_memory() -> int:
    """Return the bytes of memory of this machine."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not a POSIX system
        return 2**34


def available_memory() -> int | None:
    """Return the bytes that a process may still take of the machine and of its container; None if unknown.

    Examples
    --------
    >>> (available_memory() or 1) > 0
    True
    """
    limits = []
    with suppress(OSError, StopIteration, ValueError), open("/proc/meminfo") as file:
        limits.append(next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable")))
    with suppress(OSError, ValueError):
        limit, usage = (int(Path(f"/sys/fs/cgroup/memory.{kind}").read_text()) for kind in ("max", "current"))
        limits.append(max(limit - usage, 0))
    if not limits and hasattr(os, "sysconf"):
        limits.append(machine_memory())
    return min(limits, default=None)


def check_memory(count: int, content: str, itemsize: int = 8) -> None:
    """Raise for numbers that do not fit into the memory of the machine.

    Parameters
    ----------
    count : int
        Number of values.
    content : str
        Their description, for the message.
    itemsize : int
        Bytes of each: 8 for float64, 4 for float32.

    Raises
    ------
    DataError
        They need more memory than the machine has.
    """
    memory = machine_memory()
    if itemsize * count > memory:
        raise DataError(
            f"{content} needs {bytes_text(itemsize * count)} as float{8 * itemsize}, but this machine has "
            f"{bytes_text(memory)}; write a file with fewer or smaller examples"
        )


def check_size(size: int, content: str) -> None:
    """Raise for text, or other values that are not numbers yet, of more bytes than half of the machine's memory.

    Raises
    ------
    DataError
    """
    memory = machine_memory()
    if size > memory // 2:
        raise DataError(
            f"expected a table that fits into memory, received {bytes_text(size)} {content}, but this machine has "
            f"{bytes_text(memory)}; take fewer rows or columns, or write it to a file and train on it in batches"
        )


def check_unpacked(size: int, packed: int, path: Path) -> None:
    """Raise for data that unpack to an implausible size, or to more than fits into memory.

    Parameters
    ----------
    size : int
        Bytes unpacked so far.
    packed : int
        Bytes of the file.
    path : Path

    Raises
    ------
    DataError
    """
    most = max(_ALWAYS_UNPACKED, _MOST_PACKED * packed)
    if size > most:
        raise DataError(
            f"expected a packed table, but {path}, {bytes_text(packed)}, unpacks to more than {bytes_text(most)}: no table "
            f"compresses that well, so it is not read; unpack it yourself if you trust it"
        )
    check_size(size, f"unpacked from {path}")


def unpacked_pieces(read: Callable[[int], bytes], path: Path) -> Iterator[bytes]:
    """Return the content of a packed file in pieces.

    Parameters
    ----------
    read : callable
        The method of an open file that unpacks what it reads.
    path : Path
        The packed file, whose size limits that of the content.

    Raises
    ------
    DataError
        When the content becomes larger than the size of the packed file allows.
    """
    size, packed = 0, path.stat().st_size
    while piece := read(PIECE):
        size += len(piece)
        check_unpacked(size, packed, path)
        yield piece


def bytes_text(n: int) -> str:
    """Return a number of bytes with its unit.

    Examples
    --------
    >>> bytes_text(1_500_000)
    '1.5 MB'
    """
    power = min(int(math.log10(max(n, 1))) // 3, 6)
    return f"{n / 1000**power:.4g} {('bytes', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB')[power]}"
