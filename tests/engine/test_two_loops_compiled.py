"""The compiled loop equals the NumPy loop with every row of every table; CI compiles these programs as a user's are.

``test_two_loops`` takes one row at a time; here a program has one of each table, so that few programs have all of them.
"""

from __future__ import annotations

from itertools import cycle, islice

import numpy as np
import pytest
from engine_cases import BATCH, BINARY, M, problem
from test_two_loops import SETTINGS, both

from ellayer.core import ACTIVATIONS, LOSSES, OPTIMIZERS, SCHEDULES, Network

OPTIMIZER_TEXTS = [*OPTIMIZERS, "velocity(nesterov=1)", "adam(epsilon_hat=1, epsilon=0.01)", "momentum(0.5)"]
SCHEDULE_TEXTS = [*SCHEDULES, "step(every=9, factor=0.3)", lambda step: 1 / (1 + step)]
LOSS_TEXTS = [*LOSSES, "huber(0.3)", "cross_entropy(smoothing=0.1)"]
HIDDEN = [*ACTIVATIONS, "leaky_relu(0.2)"]
RUNS = max(map(len, (OPTIMIZER_TEXTS, SCHEDULE_TEXTS, LOSS_TEXTS, SETTINGS)))
PER_RUN = -(-len(HIDDEN) // RUNS)  # hidden layers


def rows(table, count: int = RUNS) -> list:
    """Return so many rows of a table, from its begin again where it ends."""
    return list(islice(cycle(table), count))


@pytest.mark.parametrize("k", range(RUNS))
def test_a_row_of_each_table(k):
    loss = LOSS_TEXTS[k % len(LOSS_TEXTS)]
    hidden = rows(HIDDEN, RUNS * PER_RUN)[k * PER_RUN : (k + 1) * PER_RUN]
    n_L = 3 if LOSSES[loss].targets == "one_hot" else 2
    network = Network([3, *[4] * PER_RUN, n_L], hidden, loss)
    options = {
        "optimizer": rows(OPTIMIZER_TEXTS)[k],
        "schedule": rows(SCHEDULE_TEXTS)[k],
        "batch_size": BATCH if k % 3 else None,
        **SETTINGS[rows(SETTINGS)[k]],
    }
    both(network, *problem(network), learning_rate=0.01, **options)


@pytest.mark.parametrize(
    ("loss", "output", "dtype", "tolerance"),
    [("squared_error", "sigmoid", "float32", 2e-4), ("absolute_error", "softmax", "float64", 1e-9)],
)
def test_an_output_of_another_loss(loss, output, dtype, tolerance):
    network = Network([3, 4, 2], ["tanh", output], loss)
    X, Y = problem(network, dtype=dtype)
    options = {"optimizer": "adam", "learning_rate": 0.01, "batch_size": BATCH, **SETTINGS["everything"]}
    for result in both(network, X, Y, tolerance, **options):
        assert {theta.dtype for theta in result.parameters.values()} == {np.dtype(dtype)}


def test_an_embedded_network_with_held_out_examples():
    inputs = {"numbers": 1, "frequencies": 2, "width": 2, "categories": [3], "dimension": 2, "scaling": True}
    network = Network([3, 4, 1], "tanh", parametric=True, inputs=inputs)
    X, Y = problem(network)
    X = np.vstack([X[:2], np.arange(M) % 3])
    X_held, Y_held = problem(BINARY, m=6, seed=1)
    X_held = np.vstack([X_held[:2], np.arange(6) % 3])
    slow, fast = both(
        network, X, Y, optimizer="adam", learning_rate=0.01, batch_size=BATCH, l2=0.3,
        learning_rate_factors={"s0": 6.0, "a1": 0.1}, validation=(X_held, Y_held, np.arange(6.0)), metrics=["accuracy"],
    )  # fmt: skip
    assert list(slow.parameters) == list(network.shapes)
    for name, value in slow.history.final.items():
        assert fast.history.final[name] == pytest.approx(value, rel=1e-9)
