"""A table whose rows are spread over a group of processes: what each needs to know of the rows of the others.

Every summary is one that can be joined from those of the processes: the number of rows, the count of each label or the
range of the numbers, and the rows with the smallest random keys, which are a uniform sample. The key of a row depends on
its place in the table alone, so that neither the sample nor the held-out rows depend on the number of processes.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ...engine.disk_rows import DiskRows
from ...engine.group import Group
from ..examples import Examples

if TYPE_CHECKING:
    import polars as pl

_TARGET, _KEY = "target of ellayer", "key of ellayer"  # columns that are added to a frame on its way

KeyedRows = tuple[Any, np.ndarray, np.ndarray]  # a polars frame, targets and keys

_KEYS_AT_ONCE = 1 << 20  # so that those of the rows before take little memory


def row_keys(seed: int | Sequence[int], first: int) -> np.random.Generator:
    """Return the generator of the random numbers of rows, from row ``first`` on: a number depends on the place of its row."""
    random = np.random.Generator(np.random.Philox(seed))
    for begin in range(0, first, _KEYS_AT_ONCE):
        random.random(min(_KEYS_AT_ONCE, first - begin))
    return random


@dataclass(frozen=True)
class OwnRows:
    """The rows of this process, as a stream of one block."""

    X: Any
    y: np.ndarray

    def blocks(self) -> Iterator[tuple[Any, np.ndarray]]:
        """Return the rows."""
        yield self.X, self.y


def join_frames(group: Group, frame: pl.DataFrame, y: np.ndarray) -> tuple[pl.DataFrame, np.ndarray]:
    """Return the rows and targets of all processes, those of process 0 first."""
    import polars as pl

    columns = frame.with_columns(pl.Series(_TARGET, y.tolist() if y.dtype == object else y))
    written = io.BytesIO()
    columns.write_ipc(written)
    parts = [pl.read_ipc(io.BytesIO(data)) for data in group.gather_bytes(written.getvalue())]
    joined = pl.concat(parts, how="vertical_relaxed")
    targets = joined[_TARGET].to_numpy()
    return joined.drop(_TARGET), targets.astype(y.dtype)


def join_keyed(group: Group, rows: KeyedRows) -> KeyedRows:
    """Return the rows, targets and keys of all processes."""
    import polars as pl

    frame, y = join_frames(group, rows[0].with_columns(pl.Series(_KEY, rows[2])), rows[1])
    return frame.drop(_KEY), y, frame[_KEY].to_numpy()


def join_targets(group: Group, targets: Counter[Any], classes: bool) -> Counter[Any]:
    """Return the count of each label, or the ends of the numbers, of all processes."""
    parts = group.exchange(list(targets.items()))
    if not classes:
        ends = [value for part in parts for value, _ in part]
        return Counter(dict.fromkeys((min(ends), max(ends)), 1))
    joined: Counter[Any] = Counter()
    for part in parts:
        joined.update(dict(part))
    return joined


def join_examples(group: Group, rows: Examples) -> Examples:
    """Return the examples of all processes."""
    assert isinstance(rows.X, np.ndarray)
    weights = None if rows.weights is None else group.gather(rows.weights)
    return Examples(group.gather(rows.X), group.gather(rows.Y), weights)


def read_rows(scratch: IO[bytes], rows: DiskRows) -> Examples:
    """Return the prepared rows of this process, in memory."""
    scratch.flush()
    scratch.seek(0)
    table = np.fromfile(scratch, rows.dtype).reshape(-1, rows.width)
    ends = rows.n_x, rows.n_x + rows.n_y
    return Examples(
        table[:, : ends[0]], table[:, ends[0] : ends[1]], table[:, ends[1]] if rows.weighted else None
    )
