"""Examples of each update: the full batch, or mini-batches shuffled each epoch, in memory or by blocks of a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

IN_PLACE_BYTES = 32 << 20


class Batches:
    """The order of the examples: a pure function of (seed, step).

    Parameters
    ----------
    m : int
        Number of examples.
    batch_size : int or None
        None, or at least m: the full batch at every step, in order.
    seed : int
    shuffle : bool
        Whether to shuffle in each epoch.

    Examples
    --------
    >>> batches = Batches(5, 2, seed=0)
    >>> batches.steps_per_epoch
    3
    >>> sorted(int(i) for step in range(3) for i in batches.indices(step))
    [0, 1, 2, 3, 4]
    """

    def __init__(self, m: int, batch_size: int | None, seed: int = 0, shuffle: bool = True):
        self.m = m
        self.full: bool = batch_size is None or batch_size >= m
        self.batch_size: int = m if batch_size is None or batch_size >= m else batch_size
        self.steps_per_epoch: int = -(-m // self.batch_size)
        self.ragged: bool = m % self.batch_size != 0
        step = max(1, 1 << max(0, m.bit_length() - 4))
        self.rows_kept: int = -(-m // step) * step  # data sets of nearly equal size share a program
        self.shuffles: bool = shuffle
        self._seed = seed
        self.order: Callable[[int], np.ndarray] = lru_cache(maxsize=2)(self._order)

    def _order(self, epoch: int) -> np.ndarray:
        """Return the order of the examples in an epoch."""
        order = np.arange(self.m, dtype=np.int32)
        if self.shuffles:
            self._generator(epoch).shuffle(order)  # as ``permutation``, in half the memory
        return order

    def _generator(self, epoch: int, *within: int) -> np.random.Generator:
        """Return the random numbers of an epoch, or of a part of it."""
        sequence = np.random.SeedSequence([self._seed, epoch], spawn_key=within)
        return np.random.Generator(np.random.Philox(sequence))

    def large(self, n_x: int, dtype: str) -> bool:
        """Return whether mini-batches of rows of n_x numbers are read where they lie if possible, without a copy.

        Copies of smaller tables cost little, and data sets of nearly equal size then share a program.
        """
        return self.rows_kept > 0 and self.m * n_x * np.dtype(dtype).itemsize >= IN_PLACE_BYTES

    def indices(self, step: int) -> np.ndarray:
        """Return the examples of the update after ``step`` others."""
        epoch, batch = divmod(step, self.steps_per_epoch)
        return self.order(epoch)[batch * self.batch_size : (batch + 1) * self.batch_size]

    def padded_indices(self, first: int, count: int, length: int) -> np.ndarray:
        """Return the examples of ``count`` updates as (length, batch_size), padded with -1."""
        table = np.full((length, self.batch_size), -1, np.int32)
        for row in range(count):
            examples = self.indices(first + row)
            table[row, : len(examples)] = examples
        return table


class BlockBatches(Batches):
    """Mini-batches of examples in a file: blocks are shuffled, and rows within a window of blocks.

    A window is in memory at once: ``window`` consecutive blocks in the epoch's order of the blocks. If one
    window holds the whole file, the order is that of ``Batches``.

    Parameters
    ----------
    m, batch_size, seed, shuffle
        As for ``Batches``.
    block : int
        Rows read at once.
    window : int
        Blocks.

    Examples
    --------
    >>> batches = BlockBatches(10, 5, seed=1, block=2, window=2)
    >>> batches.windows
    3
    >>> batches.order(0).tolist()
    [8, 6, 9, 7, 4, 1, 5, 0, 2, 3]
    """

    block: int

    def __init__(
        self, m: int, batch_size: int, seed: int = 0, shuffle: bool = True, *, block: int, window: int
    ):
        super().__init__(m, min(batch_size, m), seed, shuffle)
        self.full = False
        self.rows_kept = 0  # the program does not depend on it
        self.block, self._blocks_at_once = block, window
        self.windows: int = -(-m // (block * window))
        self.blocks: Callable[[int], tuple[np.ndarray, np.ndarray]] = lru_cache(maxsize=2)(self._blocks)

    def _blocks(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the first row of each block, in the epoch's order, and where each window begins and ends in it."""
        firsts = np.arange(0, self.m, self.block)
        if self.shuffles and self.windows > 1:
            firsts = self._generator(epoch, self.windows).permutation(firsts)
        counts = np.minimum(self.block, self.m - firsts)
        ends = np.cumsum(counts)[self._blocks_at_once - 1 :: self._blocks_at_once]
        bounds = np.append(0, ends)
        return firsts, bounds if bounds[-1] == self.m else np.append(bounds, self.m)

    def window(self, epoch: int, k: int) -> tuple[list[tuple[int, int]], np.ndarray]:
        """Return window k of an epoch: the (first row, rows) of its blocks, and the order of the rows in it."""
        firsts, bounds = self.blocks(epoch)
        n = self._blocks_at_once
        spans = [(int(i), min(self.block, self.m - int(i))) for i in firsts[k * n : (k + 1) * n]]
        count = int(bounds[k + 1] - bounds[k])
        if not self.shuffles:
            return spans, np.arange(count)
        within = (k,) if self.windows > 1 else ()
        return spans, self._generator(epoch, *within).permutation(count)

    def parts(self, step: int) -> list[tuple[int, int, int, int]]:
        """Return the location of the examples of an update: (epoch, window, from, to), two of them across a border."""
        epoch, batch = divmod(step, self.steps_per_epoch)
        first, last = batch * self.batch_size, min((batch + 1) * self.batch_size, self.m)
        bounds = self.blocks(epoch)[1]
        parts = []
        while first < last:
            k = int(np.searchsorted(bounds, first, side="right")) - 1
            end = min(last, int(bounds[k + 1]))
            parts.append((epoch, k, first - int(bounds[k]), end - int(bounds[k])))
            first = end
        return parts

    def _order(self, epoch: int) -> np.ndarray:
        """Return the order of the examples in an epoch, for inspection: training reads window by window."""
        rows = []
        for k in range(self.windows):
            spans, order = self.window(epoch, k)
            rows.append(np.concatenate([np.arange(i, i + n, dtype=np.int32) for i, n in spans])[order])
        return np.concatenate(rows)
