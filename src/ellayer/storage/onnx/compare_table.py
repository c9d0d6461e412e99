"""Whether an exported table estimator computes what it was made from: raw columns in, on onnxruntime."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..plain_data import ModelFileError
from .compare import differences, run
from .table import TableModel

ALLOWED = {1: 1e-3, 11: 1e-8}  # by ONNX's number of the output's type: float32, float64
ROWS = 64
DAYS = (-25_000.0, 45_000.0)  # 1901 to 2093
EDGES = (np.nan, np.inf, -np.inf, 0.0, 1e30, -1e30)
UNKNOWN = ("", "?", "NaN", "a level that nobody knows")


def compare_table(proto: Any, estimator: Any, model: TableModel, dtype: str, X: Any) -> float:
    """Run a ``ModelProto`` on made-up rows, edges and X; return the largest difference, or raise where it is an error.

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
        Of probabilities; of numbers in units of the target's spread.

    Raises
    ------
    ModelFileError
        Where onnxruntime computes something else, or ``dtype`` is too coarse for X.
    """
    inputs = model.inputs(dtype)
    made = _given(model, inputs, _made_up(model))
    found = [_compare_on(proto, estimator, model, made, _table(estimator, model, inputs, made))]
    if X is not None:
        found.append(
            _compare_on(proto, estimator, model, _given(model, inputs, estimator._raw_columns(X)), X)
        )
    allowed = ALLOWED.get(proto.graph.output[-1].type.tensor_type.elem_type, ALLOWED[1])  # dicts hold float32
    if not max(found) <= allowed:
        raise ModelFileError(
            f"expected the outputs of the model to within {allowed:g}, received a difference of {max(found):.3g} "
            f"from onnxruntime with {dtype}; try dtype='float64', or keep the model with ellayer.save"
        )
    return max(found)


def _compare_on(proto: Any, estimator: Any, model: TableModel, given: dict, X: Any) -> float:
    """Return the largest difference; inf for a wrong label where the label does not hang on rounding."""
    received = run(proto, given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # unknown levels and infinite values are meant
        said = np.asarray(estimator.predict(X))
        P = None if model.target is not None else estimator.predict_proba(X)
    if P is None:
        assert model.target is not None
        spread = np.float64(model.target["scale"])
        gaps = np.abs(received[0][:, 0].astype(np.float64) - said)
        return float(gaps.max() / spread) if gaps.shape == said.shape else np.inf
    found = float(differences(received[-1].astype(np.float64), P).max())
    assert model.decision is not None
    ordered = np.sort(P / model.decision, axis=1)
    margin = np.diff(ordered[:, -2:], axis=1)[:, 0] if P.shape[1] > 1 else np.ones(len(P))
    sure = margin > 2.0 * found / model.decision.min()
    return found if (received[0][sure].astype(said.dtype) == said[sure]).all() else np.inf


def _made_up(model: TableModel) -> dict[str, np.ndarray]:
    """Rows of every kind of value: around the middle, far out, missing, every level, unknown ones."""
    random = np.random.RandomState(0)
    made = {}
    for column in model.plan:
        if column["reads"] == "text":
            known = [text for one in column["maps"] for text in one["values"]]
            some = random.choice(len(known), ROWS, replace=len(known) < ROWS)
            texts = [*(known[i] for i in some), *UNKNOWN]
            values = np.array([*(texts[i] for i in random.permutation(len(texts))), None], object)[:ROWS]
        else:
            values = _numbers(column, random)
        made[column["name"]] = values.reshape(-1, 1)
    return made


def _numbers(column: dict[str, Any], random: np.random.RandomState) -> np.ndarray:
    if column["reads"] == "days":
        values = np.round(random.uniform(*DAYS, ROWS) * 64.0) / 64.0
        values[:4] = np.nan
    else:
        part = column["parts"][0] if column["parts"] else {"center": 0.0, "scale": 1.0}
        with np.errstate(over="ignore"):
            values = part["center"] + part["scale"] * 1.5 * random.standard_normal(ROWS)
        values[: len(EDGES)] = EDGES
    return random.permutation(values)


def _given(
    model: TableModel, inputs: list[dict[str, str]], raw: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The inputs for columns as the plan reads them; in an array those that are not used are 0."""
    columns = [raw[column["name"]] for column in model.plan]
    if model.width is not None:
        X = np.zeros((len(columns[0]), model.width))
        X[:, [column["place"] for column in model.plan]] = np.concatenate(columns, axis=1)
        columns = [X]
    with np.errstate(over="ignore"):
        return {
            told["input"]: values.astype(object if told["type"] == "text" else told["type"])
            for told, values in zip(inputs, columns, strict=True)
        }


def _table(
    estimator: Any, model: TableModel, inputs: list[dict[str, str]], given: dict[str, np.ndarray]
) -> Any:
    """The same rows as the estimator takes them, with all columns of the fit; those that are not used are empty."""
    import polars

    if model.width is not None:
        return given["X"].astype(np.float64)
    columns: dict[str, Any] = {c["name"]: [None] * ROWS for c in estimator.preparation_.describe()}
    for plan, told in zip(model.plan, inputs, strict=True):
        values = given[told["input"]][:, 0]
        if plan["reads"] == "days":
            moments = np.where(np.isnan(values), np.iinfo(np.int64).min, values * 86_400e6)
            columns[told["column"]] = moments.astype(np.int64).astype("datetime64[us]")
        else:
            columns[told["column"]] = values.tolist() if told["type"] == "text" else values.astype(np.float64)
    return polars.DataFrame(columns)
