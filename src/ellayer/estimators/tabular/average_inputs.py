"""The average training row of a table estimator, the baseline of explanations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._samples import even_sample
from ...core.inputs import inputs_forward
from ...core.network import Network
from ...engine.state import Parameters

AVERAGED = 2000  # number of training rows for the average


def average_inputs(network: Network, members: Sequence[Parameters], X: np.ndarray) -> list[np.ndarray]:
    """Return the mean of A^[0] over up to 2000 prepared rows (m, n_x), evenly spread, for each member.

    It is the baseline of explanations, also for embedded categories.

    Parameters
    ----------
    network : Network
    members : sequence of dict
    X : ndarray, shape (m, n_x)

    Returns
    -------
    list of ndarray, shape (n_0,), float64
    """
    columns = X[even_sample(len(X), AVERAGED)].T.astype(np.float64)
    if network.inputs is None:
        return [columns.mean(axis=1)] * len(members)
    doubles = ({name: theta.astype(np.float64) for name, theta in member.items()} for member in members)
    return [inputs_forward(columns, member, network.inputs)[0].mean(axis=1) for member in doubles]
