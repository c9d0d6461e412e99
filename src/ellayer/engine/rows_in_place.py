"""Large tables of examples that the compiled loop reads where they lie, without a copy."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import partial

import jax
import numpy as np

from ..core.arrays import Array
from .batch_reader import ALIGNED
from .batches import Batches

MOST_NUMBERS = int(np.iinfo(np.int32).max) - ALIGNED  # places in the vector are int32


@partial(jax.tree_util.register_dataclass, data_fields=("numbers", "first"), meta_fields=("width",))
@dataclass(frozen=True)
class RowsInPlace:
    """Rows in the caller's memory, as one vector.

    jax uses memory without a copy if it begins at a multiple of 64 bytes, and NumPy's arrays mostly begin 16 bytes behind
    one. So the vector begins up to 63 bytes before the first row; these belong to the same page of memory, and are not used.

    Parameters
    ----------
    numbers : array
    first : int32 array
        Where in it the first row begins.
    width : int
        Length of a row.
    """

    numbers: Array
    first: Array
    width: int

    def take(self, rows: Array) -> Array:
        """Return some rows (count, width); the first one for -1."""
        begins = jax.numpy.maximum(rows, 0) * self.width + self.first
        return jax.vmap(lambda begin: jax.lax.dynamic_slice(self.numbers, (begin,), (self.width,)))(begins)


def find_rows_in_place(columns: np.ndarray, batches: Batches, dtype: str) -> RowsInPlace | None:
    """Return the rows of a large table given as columns, or None if they have to be copied.

    The caller keeps the table.
    """
    place = find_place(columns, batches, dtype)
    if place is None:
        return None
    return RowsInPlace(jax.device_put(place[0]), jax.device_put(np.int32(place[1])), len(columns))


def find_place(columns: np.ndarray, batches: Batches, dtype: str) -> tuple[np.ndarray, int] | None:
    """Return the vector of ``RowsInPlace`` and where in it the first row begins, or None if the rows have to be copied."""
    rows = columns.T
    fits = batches.large(len(columns), dtype) and rows.size < MOST_NUMBERS
    if not (fits and rows.dtype == dtype and rows.flags.c_contiguous and rows.flags.aligned):
        return None
    before = rows.ctypes.data % ALIGNED
    memory = (ctypes.c_byte * (before + rows.nbytes)).from_address(rows.ctypes.data - before)
    return np.ctypeslib.as_array(memory).view(rows.dtype), before // rows.itemsize
