"""A run may continue with another size of the mini-batches, also from and to the full batch."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer import Network, train
from ellayer.data import load


@pytest.mark.parametrize("sizes", [(None, 7), (7, None), (None, 1, None, 30)])
def test_the_records_of_both_stand_in_one_history(sizes):
    data = load("moons")
    network, result = Network([2, 3, 1], "tanh"), None
    for size in sizes:
        state = None if result is None else result.state
        result = train(
            network,
            data.X,
            data.Y,
            state=state,
            batch_size=size,
            num_iterations=15,
            record_every=5,
            engine="numpy",
        )
    history = result.history
    assert history["iteration"] == list(range(0, 15 * len(sizes), 5))
    assert all(len(column) == len(history["loss"]) for column in history.values())
    assert np.isfinite(history["mean_loss"]).all()
    for part, size in enumerate(sizes):
        if size is None:
            rows = slice(3 * part, 3 * part + 3)
            assert history["mean_loss"][rows] == history["loss"][rows]
