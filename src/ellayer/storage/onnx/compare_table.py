"""Compare an exported table estimator, run by onnxruntime on raw columns, with the estimator."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from ..plain_data import ModelFileError
from .compare import differences, run
from .preparation import InputFacts
from .table import TableClassifier, TableEstimator, TableModel

if TYPE_CHECKING:
    from onnx import ModelProto

    from ...tables.columns import TableLike
    from ...tables.export_plan import ColumnPlan

TOLERANCE = {1: 1e-3, 11: 1e-8}  # by ONNX's number of the output's type: float32, float64
ROWS = 64
DAYS = (-25_000.0, 45_000.0)  # 1901 to 2093
EDGES = (np.nan, np.inf, -np.inf, 0.0, 1e30, -1e30)
UNKNOWN = ("", "?", "NaN", "a level not seen in training")


def compare_table(
    proto: ModelProto, estimator: TableEstimator, model: TableModel, dtype: str, X: TableLike | None
) -> float:
    """Run a ``ModelProto`` on random rows, edges and X; return the largest difference, or raise if it is an error.

    Parameters
    ----------
    proto : onnx.ModelProto
    estimator : TabularClassifier or TabularRegressor
    model : TableModel
    dtype : "float32" or "float64"
    X : frame or array, shape (m, n), or None

    Returns
    -------
    float
        For probabilities absolute; for numbers in units of the target's standard deviation.

    Raises
    ------
    ModelFileError
        If onnxruntime computes something else, or ``dtype`` is too coarse for X.
    """
    facts = model.inputs(dtype)
    inputs = _inputs(model, facts, _random_columns(model))
    gaps = [_compare_on(proto, estimator, model, inputs, _table(estimator, model, facts, inputs))]
    if X is not None:
        inputs = _inputs(model, facts, estimator.preparation_.export_values(X))
        gaps.append(_compare_on(proto, estimator, model, inputs, X))
    kind = proto.graph.output[-1].type.tensor_type.elem_type
    tolerance = TOLERANCE.get(kind, TOLERANCE[1])  # dicts hold float32
    if not max(gaps) <= tolerance:
        raise ModelFileError(
            f"expected the outputs of the model to within {tolerance:g}, received a difference of {max(gaps):.3g} "
            f"from onnxruntime with {dtype}; try dtype='float64', or save the model with ellayer.save"
        )
    return max(gaps)


def _compare_on(
    proto: ModelProto,
    estimator: TableEstimator,
    model: TableModel,
    inputs: Mapping[str, np.ndarray],
    X: TableLike,
) -> float:
    """Return the largest difference; inf for a wrong label that does not depend on rounding."""
    received = run(proto, inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unknown levels and infinite values are intended
        prediction = np.asarray(estimator.predict(X))
        P = None if model.target is not None else cast(TableClassifier, estimator).predict_proba(X)
    if model.target is not None:
        expected = prediction[:, None] + np.array([0.0, *(model.interval or ())])
        gaps = np.abs(np.concatenate(received, axis=1).astype(np.float64) - expected)
        return float(gaps.max() / np.float64(model.target.scale))
    assert P is not None
    assert model.decision is not None
    largest = float(differences(received[-1].astype(np.float64), P).max())
    ordered = np.sort(P / model.decision, axis=1)
    margin = np.diff(ordered[:, -2:], axis=1)[:, 0] if P.shape[1] > 1 else np.ones(len(P))
    clear = margin > 2.0 * largest / model.decision.min()
    same = (received[0][clear].astype(prediction.dtype) == prediction[clear]).all()
    return largest if same else np.inf


def _random_columns(model: TableModel) -> dict[str, np.ndarray]:
    """Return rows with every kind of value: typical, outlying, missing, every level, unknown levels."""
    random = np.random.RandomState(0)
    columns = {}
    for plan in model.plan:
        if plan["reads"] == "text":
            known = [text for level_map in plan["maps"] for text in level_map["values"]]
            some = random.choice(len(known), ROWS, replace=len(known) < ROWS)
            texts = [*(known[i] for i in some), *UNKNOWN]
            values = np.array([*(texts[i] for i in random.permutation(len(texts))), None], object)[:ROWS]
        else:
            values = _numbers(plan, random)
        columns[plan["name"]] = values.reshape(-1, 1)
    return columns


def _numbers(column: ColumnPlan, random: np.random.RandomState) -> np.ndarray:
    if column["reads"] == "days":
        values = np.round(random.uniform(*DAYS, ROWS) * 64.0) / 64.0
        values[:4] = np.nan
    else:
        center, scale = next(((part["center"], part["scale"]) for part in column["parts"]), (0.0, 1.0))
        with np.errstate(over="ignore"):
            values = center + scale * 1.5 * random.standard_normal(ROWS)
        values[: len(EDGES)] = EDGES
    return random.permutation(values)


def _inputs(
    model: TableModel, facts: Sequence[InputFacts], raw: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the inputs for the columns of the plan; in an array the unused ones are 0."""
    columns = [raw[plan["name"]] for plan in model.plan]
    if model.width is not None:
        X = np.zeros((len(columns[0]), model.width))
        X[:, [plan["place"] for plan in model.plan]] = np.concatenate(columns, axis=1)
        columns = [X]
    with np.errstate(over="ignore"):
        return {
            fact["input"]: values.astype(object if fact["type"] == "text" else fact["type"])
            for fact, values in zip(facts, columns, strict=True)
        }


def _table(
    estimator: TableEstimator,
    model: TableModel,
    facts: Sequence[InputFacts],
    inputs: Mapping[str, np.ndarray],
) -> TableLike:
    """Return the same rows as a table for the estimator, with all columns of the fit; unused ones are empty."""
    import polars

    if model.width is not None:
        return inputs["X"].astype(np.float64)
    columns: dict[str, object] = {encoder.name: [None] * ROWS for encoder in estimator.preparation_.columns_}
    for plan, fact in zip(model.plan, facts, strict=True):
        values = inputs[fact["input"]][:, 0]
        if plan["reads"] == "days":
            moments = np.where(np.isnan(values), np.iinfo(np.int64).min, values * 86_400e6)
            columns[plan["name"]] = moments.astype(np.int64).astype("datetime64[us]")
        else:
            columns[plan["name"]] = values.tolist() if plan["reads"] == "text" else values.astype(np.float64)
    return polars.DataFrame(columns)
