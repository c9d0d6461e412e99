"""Assignment of the examples of an update to devices that have their own rows.

The order of the examples is that of ``Batches``: a function of (seed, epoch) that every process knows. The examples of
an update are those of a single process; each device computes the ones among its rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .batches import Batches

NUMBERS_AT_ONCE = 1 << 20  # of all devices: more are added in parts, which takes two messages
SURE = 5.0  # standard deviations: an update with more rows on one device is rare, and takes a larger program
_TILE = 8


class Shards:
    """The rows of each device, and the tables of a chunk's examples.

    Parameters
    ----------
    counts : sequence of int
        The rows of each process, in their order.
    devices : int
        The devices of each process; its rows are split evenly.
    batches : sequence of Batches
        The order of all rows, one for all networks or one each.

    Examples
    --------
    >>> shards = Shards([3, 2], 1, [Batches(5, 4, seed=0)])
    >>> shards.bounds.tolist(), shards.rows_kept
    ([0, 3, 5], 3)
    >>> rows, places = shards.tables(0, 1, range(2), 1, 4)
    >>> rows.tolist()
    [[[[0, 2, -1, -1], [0, 1, -1, -1]]]]
    """

    def __init__(self, counts: Sequence[int], devices: int, batches: Sequence[Batches]):
        sizes = [len(part) for count in counts for part in np.array_split(np.arange(count), devices)]
        self.bounds: np.ndarray = np.append(0, np.cumsum(sizes))
        self.batches: Sequence[Batches] = batches
        self.rows_kept: int = max(sizes)
        self.most: int = min(batches[0].batch_size, self.rows_kept)
        self.usual: int = self._usual()

    def _usual(self) -> int:
        """Return the number of examples for which each device has room; seldom has one more of an update."""
        batches = self.batches[0]
        m, size = batches.m, batches.batch_size
        if not batches.shuffles:
            return self.most
        share = self.rows_kept / m
        deviation = math.sqrt(size * share * (1.0 - share) * (m - size) / max(1, m - 1))
        room = math.ceil(size * share + SURE * deviation)
        return min(self.most, -(-room // _TILE) * _TILE)

    def fits(self, first: int, count: int) -> int:
        """Return how many updates from ``first`` on have room; 0 if the first has none."""
        for i in range(count):
            for order in self.batches:
                owners = np.searchsorted(self.bounds, order.indices(first + i), side="right") - 1
                if np.bincount(owners).max() > self.usual:
                    return i
        return count

    def tables(
        self, first: int, count: int, devices: range, length: int, room: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the examples of some updates on some devices, padded with -1.

        Parameters
        ----------
        first, count : int
            The updates.
        devices : range
        length, room : int
            The size of the tables.

        Returns
        -------
        rows, places : int32 arrays, shape (orders, length, devices, room)
            The row of each example among those of its device, and its place in the update.
        """
        rows = np.full((len(self.batches), length, len(devices), room), -1, np.int32)
        places = np.zeros_like(rows)
        for table, place, order in zip(rows, places, self.batches, strict=True):
            for i in range(count):
                examples = order.indices(first + i)
                for k, device in enumerate(devices):
                    begin, end = self.bounds[device], self.bounds[device + 1]
                    own = np.flatnonzero((examples >= begin) & (examples < end))
                    table[i, k, : len(own)] = examples[own] - begin
                    place[i, k, : len(own)] = own
        return rows, places
