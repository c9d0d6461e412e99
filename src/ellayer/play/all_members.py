"""A model of a table with the member that a run trains, and what all its members together predict."""

from __future__ import annotations

from copy import copy

import numpy as np

from ..inspection.ensemble import Ensemble
from .opening import StartModel, TableModel
from .run import Run


def with_member(model: TableModel, member: int, run: Run) -> TableModel:
    """Return a model with the parameters of a run in place of a member."""
    other = copy(model)
    other.members_ = [*model.members_]
    other.members_[member] = dict(run.parameters)
    return other


def averages(model: StartModel | None, run: Run) -> bool:
    """Return whether the prediction of the whole model differs from that of the network of a run, its member."""
    if model is None or model.model is None or run.start is None:
        return False
    return len(model.members) > 1 or model.model.model_parts().temperature != 1.0


def predict_together(model: StartModel, run: Run, X: np.ndarray) -> np.ndarray:
    """Return the probabilities, or the scaled numbers, that the members predict together, (n_L, m).

    Parameters
    ----------
    model : StartModel
        Of a table.
    run : Run
        Of one of its members, which is as it is now.
    X : array, shape (n_x, m)
    """
    member = run.state["network"]["member"]
    assert model.model is not None
    assert member is not None
    ensemble = Ensemble.of(with_member(model.model, member, run))
    with np.errstate(all="ignore"):
        prediction = ensemble.predict(X)
    if not run.problem.classes:
        return ensemble.parts.encode(prediction[:, 0], len(prediction))
    return prediction.T if run.network.layer_dims[-1] > 1 else prediction[:, 1:].T
