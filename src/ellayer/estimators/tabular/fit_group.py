"""A table whose rows are spread over a group of processes: what each needs to know of the rows of the others.

Every summary is one that can be joined from those of the processes: the number of rows, the count of each label or the
range of the numbers, and the rows with the smallest random keys, which are a uniform sample. The key of a row depends on
its place in the table alone, so that neither the sample nor the held-out rows depend on the number of processes.
"""

from __future__ import annotations

import io
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.group import Group
from ...errors import EllayerError

if TYPE_CHECKING:
    import polars as pl

_TARGET, _KEY = "target of ellayer", "key of ellayer"  # columns that are added to a frame on its way

KeyedRows = tuple[Any, np.ndarray, np.ndarray]  # a polars frame, targets and keys

_KEYS_AT_ONCE = 1 << 20  # so that those of the rows before take little memory
_ROWS_AT_ONCE = 1 << 15


def row_keys(seed: int | Sequence[int], first: int) -> np.random.Generator:
    """Return the generator of the random numbers of rows, from row ``first`` on: a number depends on the place of its row."""
    random = np.random.Generator(np.random.Philox(seed))
    for begin in range(0, first, _KEYS_AT_ONCE):
        random.random(min(_KEYS_AT_ONCE, first - begin))
    return random


@dataclass(frozen=True)
class OwnRows:
    """The rows of this process, as a stream of blocks: what is made of a block takes little memory."""

    X: Any
    y: np.ndarray

    def blocks(self) -> Iterator[tuple[Any, np.ndarray]]:
        """Return the rows."""
        for first in range(0, max(1, len(self.y)), _ROWS_AT_ONCE):
            rows = slice(first, first + _ROWS_AT_ONCE)
            yield self.X[rows], self.y[rows]


class ScratchRows:
    """Blocks of rows in a file without a name, which disappears with the process.

    Attributes
    ----------
    count : int
        Number of rows.
    """

    count: int = 0

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="ellayer-")  # noqa: SIM115, closed by the finalizer
        weakref.finalize(self, self._file.close)
        self._sizes = list[int]()

    def append(self, X: pl.DataFrame, y: np.ndarray) -> None:
        """Write a block."""
        data = _pack(X, y)
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise EllayerError(
                f"scratch file: expected room in {tempfile.gettempdir()} for the rows of this process, received "
                f"{error.strerror}; free some space, or set another folder by the environment variable TMPDIR"
            ) from None
        self._sizes.append(len(data))
        self.count += len(y)

    def blocks(self) -> Iterator[tuple[pl.DataFrame, np.ndarray]]:
        """Return the blocks in their order."""
        place = 0
        for size in self._sizes:
            self._file.seek(place)
            yield _unpack(self._file.read(size))
            place += size


def _pack(frame: pl.DataFrame, y: np.ndarray) -> bytes:
    """Return rows and their targets in Arrow's format."""
    import polars as pl

    buffer = io.BytesIO()
    targets = pl.Series(_TARGET, y.tolist() if y.dtype == object else y)
    frame.with_columns(targets).write_ipc(buffer)
    return buffer.getvalue()


def _unpack(data: bytes | memoryview) -> tuple[pl.DataFrame, np.ndarray]:
    import polars as pl

    frame = pl.read_ipc(io.BytesIO(data))
    return frame.drop(_TARGET), frame[_TARGET].to_numpy()


def join_frames(group: Group, frame: pl.DataFrame, y: np.ndarray) -> tuple[pl.DataFrame, np.ndarray]:
    """Return the rows and targets of all processes, those of process 0 first."""
    import polars as pl

    parts = [_unpack(data) for data in group.gather_bytes(_pack(frame, y))]
    targets = np.concatenate([part[1] for part in parts])
    return pl.concat([part[0] for part in parts], how="vertical_relaxed"), targets.astype(y.dtype)


def join_keyed(group: Group, rows: KeyedRows, size: int) -> KeyedRows:
    """Return the rows with the ``size`` smallest keys of all processes, their targets and keys."""
    import polars as pl

    keys = group.gather(rows[2])
    near = rows[2] <= (np.partition(keys, size - 1)[size - 1] if len(keys) > size else 1.0)
    frame = rows[0].filter(near).with_columns(pl.Series(_KEY, rows[2][near]))
    frame, y = join_frames(group, frame, rows[1][near])
    return frame.drop(_KEY), y, frame[_KEY].to_numpy()


def join_targets(group: Group, targets: Counter[Any], classes: bool) -> Counter[Any]:
    """Return the count of each label, or the ends of the numbers, of all processes."""
    parts = group.exchange(list(targets.items()))
    if not classes:
        ends = [value for part in parts for value, _ in part]
        return Counter(dict.fromkeys((min(ends), max(ends)), 1))
    counts: Counter[Any] = Counter()
    for part in parts:
        counts.update(dict(part))
    return counts
