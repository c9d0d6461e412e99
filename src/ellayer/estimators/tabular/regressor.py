"""TabularRegressor: from a raw table and its numbers to predictions, without tuning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin

from ..._sklearn_compat import StrOptions, check_targets, store_parameters
from ..._warn import TargetWarning, warn_user
from ...core.losses import LOSSES
from ...core.metrics import METRICS, Metric, metric_names
from ...engine.result import TrainingResult
from ...errors import EllayerError
from ...tables.columns import check_missing_targets
from ..examples import Examples
from .base import CONSTRAINTS, BaseTabular
from .fitted import FittedTableRegressor
from .intervals import kept_residuals, of_the_mean
from .recipes import Recipe
from .simple_fit import ModelKind
from .training import TableData

if TYPE_CHECKING:
    from ..examples import RandomState

__all__ = ["TabularRegressor"]
FAR_OUT = 1e3  # interquartile ranges from the median, from which a target is a slip, if a gap is before it
HELD_TO = 5.0  # interquartile ranges


class TabularRegressor(RegressorMixin, BaseTabular, FittedTableRegressor):
    """A regressor for raw tables with mixed columns, without tuning.

    Like ``TabularClassifier``; the target is standardised for the network, and predictions are clipped to
    the range of the training targets.

    Parameters
    ----------
    n_members : int or "auto", default="auto"
        Number of networks whose predictions are averaged. Each holds out another fold; they are trained together.
        "auto" is chosen by the preset and the size of the table, never by measured time.
    preset : {"fast", "default", "best"}, default="default"
        "fast" trains one member in about three times LightGBM's time, with fewer epochs and, for many rows, fewer
        units. "default" trains up to eight members within about the time of CatBoost's default (about seven seconds
        of one core for 5,000 rows). "best" trains up to 32 members of two recipes and averages as many of each as
        score best on held-out rows. Other parameters take precedence.
    epochs : int or None, default=None
        None uses the recipe's number of epochs for the number of rows, or fewer if the preset's budget requires it.
    time_limit : float or None, default=None
        Maximum duration of the fit in seconds; the learning-rate schedule is shortened to fit.
    hidden_layer_sizes : int, array-like of int or None, default=None
        None is the recipe's choice for the number of rows.
    metric : str or None, default=None
        "rmse", "mae" or "r2": determines the best epoch, and the loss ("mae" trains the absolute error).
        None is "rmse", or the loss itself if that is a quantile.
    loss : str or None, default=None
        "squared_error", "absolute_error", "huber(delta=1)" or "quantile(q=0.9)"; None is that of the metric.
    recipe : str, default="ramps"
        "ramps", or RealMLP's "simple" and "full".
    learning_rate : float or None, default=None
        None is the recipe's.
    batch_size : int or None, default=None
        None is the recipe's for the number of rows.
    model : {"network", "linear", "boosting"}, default="network"
        As in ``TabularClassifier``: "linear" is ridge regression. ``metric`` selects, and the squared error is minimised.
    activation, optimizer, dropout, weight_decay, l2, patience : default=None
        Changes of the recipe, as in ``TabularClassifier``.
    column_kinds : dict or None, default=None
        The kind of a column by name, to override detection.
    dtype : {"float32", "float64"}, default="float32"
    device : str or None, default=None
        "cpu", "gpu", "gpu:0", ...; others than the CPU always run compiled. Predictions are computed on the CPU.
    random_state : int, RandomState or None, default=None
    n_jobs : int or None, default=None
        Members, or folds of another model, that are trained at once, each in a process of its own or on a worker of
        ``joblib.parallel_config``; -1 uses all cores. The result is the same. Members that are compiled into one
        program, and those of a stream or with a time limit, are trained together in this process.

    Attributes
    ----------
    preparation_, network_, members_, history_, best_epochs_, average_inputs_, stopped_by_, engine_
        As of ``TabularClassifier``.
    oof_prediction_ : ndarray of shape (n_samples,)
    residuals_ : ndarray
        Sorted y - prediction of held-out rows, for the quantiles of ``predict_interval``.
    held_out_ : (frame, ndarray)
        Only after a stream, and not saved: held-out rows and their targets.
    validation_score_ : float
    target_ : dict
        "center" and "scale" of the target, and the range "low" to "high" of predictions.
    n_features_in_, feature_names_in_

    Examples
    --------
    >>> rows = [[x / 10, "a" if x % 3 else "b"] for x in range(60)]
    >>> y = [2 * row[0] + (row[1] == "a") for row in rows]
    >>> model = TabularRegressor(epochs=60, hidden_layer_sizes=32, random_state=0).fit(rows, y)
    >>> model.score(rows, y) > 0.9
    True
    """

    oof_prediction_: np.ndarray

    _task = "numbers"
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CONSTRAINTS,
        "metric": [StrOptions(set(metric_names("numbers"))), None],
        "loss": [str, None],
    }

    def __init__(
        self,
        n_members: int | Literal["auto"] = "auto",
        *,
        preset: Literal["fast", "default", "best"] = "default",
        epochs: int | None = None,
        time_limit: float | None = None,
        hidden_layer_sizes: int | Sequence[int] | np.ndarray | None = None,
        metric: str | None = None,
        loss: str | None = None,
        recipe: str = "ramps",
        learning_rate: float | None = None,
        batch_size: int | None = None,
        model: ModelKind = "network",
        activation: str | Sequence[str] | None = None,
        optimizer: str | None = None,
        dropout: float | None = None,
        weight_decay: float | None = None,
        l2: float | None = None,
        patience: int | None = None,
        column_kinds: Mapping[Any, str] | None = None,
        dtype: Literal["float32", "float64"] = "float32",
        device: str | None = None,
        random_state: RandomState = None,
        n_jobs: int | None = None,
    ) -> None:
        store_parameters(self, locals())

    # Targets

    def _checked_targets(self, X: object, y: ArrayLike | None) -> np.ndarray:
        numbers = super()._checked_targets(X, y)
        check_missing_targets(numbers, are_numbers=True)
        try:
            return np.asarray(check_targets(numbers, y_numeric=True, estimator=self), np.float64)
        except ValueError as error:
            if "convert string" not in str(error):
                raise
            raise EllayerError(f"y: expected numbers, {error}; use TabularClassifier for labels") from None

    def _learn_targets(self, y: np.ndarray) -> np.ndarray:
        """Set center and scale of the target; extreme outliers are clipped for a network."""
        if self.model != "network" and np.ptp(y) > 0:
            self.target_ = _target_without_limits(y, is_scaled=self.model == "linear")
            return self._targets(y)
        low, high = _range_without_slips(y)
        inside = np.clip(y, low, high)
        center, scale = float(inside.mean()), float(inside.std())
        if not scale > 1e-12 * max(abs(center), 1e-300):  # all equal up to rounding
            scale = 1.0
        ends = {"low": float(inside.min()), "high": float(inside.max())}
        self.target_ = {"center": center, "scale": scale, **ends}
        slips = int(((y < low) | (y > high)).sum())
        if slips:
            warn_user(
                f"y: {slips} values up to {np.abs(y).max():.3g} lie more than {FAR_OUT:g} interquartile ranges out, far from "
                f"all others; they are held to {low:.6g} ... {high:.6g}, or nothing could be learned of the rest. Drop them "
                "if they are slips",
                TargetWarning,
            )
        return self._targets(y)

    def _targets(self, y: np.ndarray) -> np.ndarray:
        target = self.target_
        inside = np.clip(y, target["low"], target["high"])
        return ((inside - target["center"]) / target["scale"]).reshape(-1, 1)

    def _eval_targets(self, y: np.ndarray) -> np.ndarray:
        """Return the targets as they are: predictions are held to the range of the fit, the truth is not."""
        return ((y - self.target_["center"]) / self.target_["scale"]).reshape(-1, 1)

    def _is_constant(self, Y: np.ndarray) -> bool:
        return bool(np.ptp(Y) <= (1e-9 if self.model == "network" else 0.0))

    def _warn_of_constant(self) -> None:
        warn_user(f"y is constant: every prediction will be {self.target_['center']:g}", TargetWarning)

    def _find_metric(self) -> Metric:
        if self.loss is not None:
            try:
                row = LOSSES[self.loss]
            except ValueError as error:
                raise EllayerError(f"loss: {error}") from None
            kind = row.name.split("(")[0]
            if kind not in ("squared_error", "absolute_error", "huber", "quantile"):
                raise EllayerError(
                    "loss: expected 'squared_error', 'absolute_error', 'huber(delta=1)' or 'quantile(q=0.9)'; received "
                    f"{self.loss!r}"
                )
            if kind == "quantile":
                q = row.forward.keywords["q"]  # type: ignore[attr-defined]
                if not 0.0 < q < 1.0:
                    raise EllayerError(f"loss: expected a quantile q between 0 and 1, received {self.loss!r}")
                if self.metric is None:
                    return METRICS[f"pinball(q={q!r})"]
        return METRICS[self.metric or "rmse"]

    def _loss(self, recipe: Recipe) -> str:
        return self.loss or self._metric.loss

    # Scores

    def _score_of_epoch(self, AL: np.ndarray, Y: np.ndarray, weights: np.ndarray | None) -> float:
        return self._score_of(AL[0], Y[0], None if weights is None else weights[0])

    def _score_of(self, A: np.ndarray, Y: np.ndarray, weights: np.ndarray | None) -> float:
        target = self.target_
        y = target["center"] + target["scale"] * Y.astype(np.float64)
        return self._metric.value(y, self._numbers(A.astype(np.float64)), weights)

    def _start_evaluation(
        self, count: int, Y: np.ndarray | None = None, weights: np.ndarray | None = None
    ) -> None:
        self.oof_prediction_, self.validation_score_ = np.full(count, np.nan), math.nan
        self.residuals_ = np.zeros(0)

    def _evaluate(self, Z: np.ndarray, examples: Examples) -> np.ndarray:
        """Set the score; return the numbers."""
        A = np.nanmean(Z[:, :, 0], axis=0)
        self.validation_score_: float = self._score_of(A, examples.Y[:, 0], examples.weights)
        prediction = self._numbers(A)
        y = self.target_["center"] + self.target_["scale"] * examples.Y[:, 0].astype(np.float64)
        self.residuals_ = kept_residuals(y - prediction)
        return prediction

    def _settle(self, data: TableData, results: Sequence[TrainingResult]) -> None:
        super()._settle(data, results)
        fewer = data.members_of_a_row
        if fewer and fewer < len(self.members_) and len(self.residuals_):
            numbers = self._numbers(self._outputs(data.some_validation(1000))[:, :, 0])
            self.residuals_ = of_the_mean(self.residuals_, numbers, fewer)

    # Storage

    def _target_facts(self) -> dict[str, Any]:
        return {"target": dict(self.target_)}


def _target_without_limits(y: np.ndarray, is_scaled: bool) -> dict[str, float]:
    """Return the target of a model whose predictions are not clipped: standardised, or as it is."""
    most = float(np.finfo(np.float64).max)
    with np.errstate(over="ignore"):
        center, scale = (float(y.mean()), float(y.std())) if is_scaled else (0.0, 1.0)
    if not (0.0 < scale < math.inf and math.isfinite(center)):
        center, scale = 0.0, 1.0
    return {"center": center, "scale": scale, "low": -most, "high": most}


def _range_without_slips(y: np.ndarray) -> tuple[float, float]:
    """Return the range of y without a few extreme outliers."""
    low, high = float(y.min()), float(y.max())
    q25, median, q75 = np.quantile(y, [0.25, 0.5, 0.75])
    spread = q75 - q25
    away = np.sort(np.abs(y - median))
    if not spread > 0 or away[-1] <= FAR_OUT * spread:
        return low, high
    rank = max(1, len(y) // 100)
    tail = away[-rank - 1 :]
    gaps = np.flatnonzero((tail[1:] > FAR_OUT * spread) & (tail[1:] > 100.0 * tail[:-1]))
    if not len(gaps):
        return low, high
    near = y[np.abs(y - median) <= max(tail[gaps[0]], HELD_TO * spread)]
    reach = HELD_TO * spread
    return max(low, min(float(near.min()), median - reach)), min(high, max(float(near.max()), median + reach))
