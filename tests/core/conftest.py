"""What the tests of the equations share: array libraries and inputs that refuse to be written to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from ellayer.core.arrays import to_numpy


@dataclass(frozen=True)
class Library:
    """One array library: how a NumPy array becomes one of its own."""

    name: str
    array: Callable[[Any], Any]

    def numpy(self, array: Any) -> np.ndarray:
        """Return an array of this library as NumPy's."""
        return to_numpy(array)


@pytest.fixture(params=["numpy", "jax", "array_api_strict"])
def library(request: pytest.FixtureRequest) -> Iterator[Library]:
    """Every array library in turn; JAX in 64 bits."""
    if request.param == "numpy":
        yield Library("numpy", frozen)
    elif request.param == "jax":
        import jax

        with jax.enable_x64(True):
            yield Library("jax", jax.numpy.asarray)
    else:
        import array_api_strict

        yield Library("array_api_strict", array_api_strict.asarray)


def frozen(array: Any) -> np.ndarray:
    """Return a copy that raises when written to."""
    copy = np.array(array)
    copy.flags.writeable = False
    return copy


@pytest.fixture(name="frozen")
def frozen_fixture() -> Callable[[Any], np.ndarray]:
    """``frozen`` as a fixture."""
    return frozen
