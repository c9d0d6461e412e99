"""Which examples an update sees: all of them, or mini-batches shuffled each epoch."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


class Batches:
    """The order of the examples: a pure function of (seed, step).

    Parameters
    ----------
    m : int
        Number of examples.
    batch_size : int or None
        None, or m and more: the full batch at every step, in order.
    seed : int
    shuffle : bool
        A new order each epoch; without it the examples' own.

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
        self.full = batch_size is None or batch_size >= m
        self.batch_size = m if batch_size is None or batch_size >= m else batch_size
        self.steps_per_epoch = -(-m // self.batch_size)
        self.ragged = m % self.batch_size != 0
        step = max(1, 1 << max(0, m.bit_length() - 4))
        self.rows_kept = -(-m // step) * step  # sets of nearly equal size share a program
        self._shuffle = shuffle
        self._seed = seed
        self.order = lru_cache(maxsize=2)(self._order)

    def _order(self, epoch: int) -> np.ndarray:
        """Return the order of the examples in an epoch."""
        if not self._shuffle:
            return np.arange(self.m, dtype=np.int32)
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([self._seed, epoch])))
        return generator.permutation(self.m).astype(np.int32)

    def indices(self, step: int) -> np.ndarray:
        """Return the examples of the update after ``step`` others."""
        epoch, batch = divmod(step, self.steps_per_epoch)
        return self.order(epoch)[batch * self.batch_size : (batch + 1) * self.batch_size]

    def padded_indices(self, first: int, count: int, length: int) -> np.ndarray:
        """Return the examples of ``count`` updates as (length, batch_size), -1 where there is none."""
        table = np.full((length, self.batch_size), -1, np.int32)
        for row in range(count):
            examples = self.indices(first + row)
            table[row, : len(examples)] = examples
        return table
