"""Fitted table models: prediction without scikit-learn.

The table estimators add the fit and scikit-learn's interface. A saved model is restored from these parts only, if it
is used only for prediction, so that it does not import scikit-learn.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypedDict

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ..._forms import Count, Finite, Rule, conform
from ...core.inputs import Inputs
from ...core.members import member_outputs
from ...core.network import Network
from ...engine.history import History
from ...engine.model import ModelParts, TargetKind, TargetScale, labels_as_columns, rows_as_columns
from ...engine.numpy_loop import blas_thread_count, blas_threads
from ...engine.state import Parameters
from ...engine.stored import read_network, read_parameters
from ...errors import EllayerError
from ...tables.column_encoder import output_columns
from ...tables.columns import Column, ReadColumns, read_table
from ...tables.fitted_encoders import FittedEncoders, match_columns
from ...tables.target_statistics import RowTargets
from ..stored import Arrays, Facts, LabelFacts, read_array, read_history, read_labels, under
from .calibration import labels_of, softmax_of_outputs
from .intervals import interval_ends
from .trees import read_trees, tree_outputs

if TYPE_CHECKING:
    from ..examples import TableLike

ROWS_OF_THREAD = 1024  # minimum number of rows for which a further thread pays


class TableFacts(TypedDict):
    """A fitted table estimator in a file, without its arrays and its target."""

    preparation: dict[str, object]
    network: str | None
    members: Count
    history: list[str]
    validation_score: float | None
    best_epochs: list[Count]
    stopped_by: str
    engine: str


class Target(TypedDict):
    """``target_`` of a regressor in a file."""

    center: Finite
    scale: Annotated[Finite, Rule("above 0", lambda x: x > 0)]
    low: Finite
    high: Finite


class FittedTable(ABC):
    """Fitted encoders, the members of one network, and their mean; the attributes are those of the estimators."""

    best_epochs_: list[int]
    stopped_by_: str

    preparation_: FittedEncoders
    network_: Network | None
    members_: list[Parameters]
    history_: History
    average_inputs_: list[np.ndarray]
    n_features_in_: int
    dtype: str
    _arrays: ClassVar[tuple[str, ...]]

    _preparation_type: ClassVar[type[FittedEncoders]] = FittedEncoders

    def _set_fitted(self, arrays: Arrays, facts: Facts) -> None:
        stored = conform(facts, TableFacts, "facts")
        encoders = under(arrays, "preparation/")
        self.preparation_ = self._preparation_type.from_state(encoders, stored["preparation"])
        self.n_features_in_ = self.preparation_.n_features_in_
        if hasattr(self.preparation_, "feature_names_in_"):
            self.feature_names_in_: np.ndarray = self.preparation_.feature_names_in_
        self.history_ = read_history(arrays, stored["history"])
        score = stored["validation_score"]
        self.validation_score_: float = math.nan if score is None else score
        self.best_epochs_, self.stopped_by_ = list(stored["best_epochs"]), stored["stopped_by"]
        self.engine_: str = stored["engine"]
        self._set_targets(arrays, facts)
        self._set_members(arrays, stored)

    def _set_members(self, arrays: Arrays, stored: TableFacts) -> None:
        """Restore network and members, which must fit the preparation, the target and each other."""
        count = stored["members"]
        if (
            count > len(arrays)
            or len(self.best_epochs_) != count
            or (count == 0 and stored["network"] is not None)
        ):
            raise EllayerError(
                f"members: expected a best epoch and parameters for each of {count}, and a network"
            )
        averages = under(arrays, "average inputs/")  # older files have none
        self.average_inputs_ = [read_array(averages, str(k), (None,), "f") for k in range(len(averages))]
        self.network_, self.members_ = None, []
        if stored["network"] is None:
            width = max(len(self.preparation_.get_feature_names_out()), 1)
            trees = [under(arrays, f"member {k}/") for k in range(count)]
            self.members_ = [read_trees(one, width, self._output_count()) for one in trees]
            return
        network = self.network_ = read_network(stored["network"], len(arrays))
        preparation, inputs = self.preparation_, network.inputs or Inputs()
        expected = max(len(preparation.get_feature_names_out()), 1), self._output_count()
        ends = network.layer_dims[0], network.layer_dims[-1]
        if (
            ends != expected
            or inputs.categories != preparation.code_levels_
            or inputs.numbers not in (0, preparation.n_numbers_)
        ):
            raise EllayerError(
                f"network: expected (inputs, outputs) of {expected} as the preparation and the target have, received "
                f"{ends} with {network.inputs}"
            )
        self.members_ = [
            read_parameters(network, under(arrays, f"member {k}/"), f"member {k}") for k in range(count)
        ]

    def _matrix(
        self,
        table: list[Column],
        dtype: DTypeLike | None = None,
        new: bool = True,
        warn: bool = True,
        targets: RowTargets | None = None,
    ) -> np.ndarray:
        """Return the prepared rows, new ones or those of the fit; a column of 0 if no column can be used."""
        dtype = np.dtype(dtype or self.dtype)
        X = self.preparation_.transform_columns(table, warn, warn_of_levels=new, dtype=dtype, targets=targets)
        return X if X.shape[1] else np.zeros((len(X), 1), dtype)

    def _read(self, X: object) -> list[Column]:
        """Return the columns of a new table in the order of the fit."""
        if isinstance(X, ReadColumns):
            return X
        names = getattr(self, "feature_names_in_", None)
        return match_columns(read_table(X), X, names, self.preparation_.columns_, type(self).__name__)

    def _outputs(self, X: np.ndarray, members: Sequence[Parameters] | None = None) -> np.ndarray:
        """Return Z^[L] of each member, (K, m, n_L), for prepared rows in float64."""
        members = self.members_ if members is None else members
        if self.network_ is None:
            return np.stack([tree_outputs(X, trees) for trees in members])
        double = [{name: theta.astype(np.float64) for name, theta in one.items()} for one in members]
        network, parts = self.network_, max(1, min(blas_thread_count(), len(X) // ROWS_OF_THREAD))
        if len(members) == 1 or parts == 1:
            return member_outputs(X.T, double, network).transpose(0, 2, 1)
        # A block of rows is too small for two threads of BLAS.
        with blas_threads(network.widths, 1), ThreadPoolExecutor(parts) as pool:
            blocks = pool.map(lambda rows: member_outputs(rows.T, double, network), np.array_split(X, parts))
            return np.concatenate(list(blocks), axis=2).transpose(0, 2, 1)

    def _member_outputs(self, X: object) -> np.ndarray:
        """Return Z^[L] of each member, (K, m, n_L), for raw rows."""
        prepared = self._matrix(self._read(X), np.float64)
        return self._outputs(prepared) if self.members_ else np.zeros((1, len(prepared), 1))

    def _need_members(self) -> None:
        """Raise an error for a single member, which has no spread."""
        if len(self.members_) < 2:
            raise EllayerError(
                f"return_std: expected several members for a standard deviation, received {len(self.members_)}; fit "
                f"with {type(self).__name__}(n_members=8)"
            )

    def model_parts(self) -> ModelParts:
        """Return the network, the parameters of the members, and the conversion of a table to columns."""
        return ModelParts(
            network=self.network_,
            member_parameters=[] if self.network_ is None else self.members_,
            outputs=self._tree_columns if self.network_ is None and self.members_ else None,
            prepare=self._prepared_columns,
            encode=self._encode_targets,
            decode=self._decode,
            target_kind=self._target_kind(),
            classes=getattr(self, "classes_", None),
            feature_names=list(getattr(self, "feature_names_in_", [])),
            history=self.history_,
            stopped_by=self.stopped_by_,
            engine=self.engine_,
            restored_best=True,
            input_columns=output_columns(self.preparation_.columns_),
            column_names=[encoder.name for encoder in self.preparation_.columns_],
            average_inputs=self.average_inputs_,
            temperature=getattr(self, "temperature_", 1.0),
            positive=self._positive_place(),
            target_scale=TargetScale(**getattr(self, "target_", {})),
        )

    def _positive_place(self) -> int:
        """Return the place of the positive one of two classes; 1 if there is none."""
        return 1

    def _prepared_columns(self, X: object) -> np.ndarray:
        matrix = self.preparation_.transform_columns(self.preparation_.match(X))
        if not matrix.shape[1]:  # no column of the table can be used
            matrix = np.zeros((len(matrix), 1))
        return matrix.T if self.network_ is None else rows_as_columns(self.network_, matrix)

    def _tree_columns(self, X: np.ndarray) -> np.ndarray:
        """Return Z^[L] (n_L, m) of boosted trees for prepared columns (n_x, m)."""
        return self._outputs(X.T)[0].T

    @abstractmethod
    def _encode_targets(self, y: ArrayLike, m: int) -> np.ndarray:
        """Return the network's targets (n_L, m) for labels or numbers."""

    @abstractmethod
    def _decode(self, AL: np.ndarray) -> np.ndarray:
        """Return the labels or numbers of the outputs (n_L, m) of one member."""

    @abstractmethod
    def _target_kind(self) -> TargetKind:
        """Return the ``target_kind``."""

    @abstractmethod
    def _set_targets(self, arrays: Arrays, facts: Facts) -> None:
        """Restore the result of the estimator's ``_target_facts``, and the arrays that belong to it."""

    @abstractmethod
    def _output_count(self) -> int:
        """Return the number of units of the last layer."""


class FittedTableClassifier(FittedTable):
    """The part of ``TabularClassifier`` that predicts."""

    classes_: np.ndarray
    decision_: np.ndarray
    temperature_: float
    positive_: Any
    _arrays = ("oof_prediction_", "decision_", "temperature_")

    def predict(self, X: TableLike, return_std: bool = False) -> Any:
        """Return the labels of rows.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
        return_std : bool, default=False
            Also return the standard deviation over the members of the probability of that label.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        std : ndarray of shape (n_samples,), with ``return_std``
        """
        probabilities = self._probabilities(X)
        P = probabilities.mean(axis=0)
        best = labels_of(P, self.decision_)
        labels = self.classes_[best]
        if not return_std:
            return labels
        self._need_members()
        return labels, probabilities[:, np.arange(len(best)), best].std(axis=0)

    def predict_proba(self, X: TableLike) -> np.ndarray:
        """Return the probability of each class, in the order of ``classes_``.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)

        Returns
        -------
        P : ndarray of shape (n_samples, n_classes)
        """
        return self._probabilities(X).mean(axis=0)

    def _probabilities(self, X: TableLike) -> np.ndarray:
        """Probabilities of each member, (K, m, n_classes)."""
        return softmax_of_outputs(self._member_outputs(X), getattr(self, "temperature_", 1.0))

    def _decode(self, AL: np.ndarray) -> np.ndarray:
        return self.classes_[labels_of(AL.T, self.decision_)]

    def _encode_targets(self, y: ArrayLike, m: int) -> np.ndarray:
        assert self.network_ is not None
        return labels_as_columns(self.network_, y, m, self.classes_)

    def _target_kind(self) -> TargetKind:
        return "classes" if self.members_ else "one class"

    def _set_targets(self, arrays: Arrays, facts: Facts) -> None:
        self.classes_ = read_labels(conform(facts.get("labels"), LabelFacts, "labels"))
        self._set_positive(min(conform(facts.get("positive", 1), Count, "positive"), 1))
        K = len(self.classes_)
        self.oof_prediction_: np.ndarray = read_array(arrays, "oof_prediction_", (None, K), "f")
        self.decision_ = read_array(arrays, "decision_", (K,), "f")
        self.temperature_ = float(read_array(arrays, "temperature_", (), "f"))
        positive = np.append(self.decision_, self.temperature_)
        if not ((positive > 0) & (positive < np.inf)).all():
            raise EllayerError("temperature_, decision_: expected finite numbers above 0")

    def _output_count(self) -> int:
        return len(self.classes_)

    def _positive_place(self) -> int:
        positive = getattr(self, "positive_", None)
        return 1 if positive is None else int(np.flatnonzero(self.classes_ == positive)[0])

    def _set_positive(self, number: int) -> None:
        """Set the positive one of two classes by its place."""
        self.positive_ = self.classes_[number] if len(self.classes_) == 2 else None


class FittedTableRegressor(FittedTable):
    """The part of ``TabularRegressor`` that predicts."""

    target_: dict[str, float]
    residuals_: np.ndarray
    _arrays = ("oof_prediction_", "residuals_")

    def predict(self, X: TableLike, return_std: bool = False) -> Any:
        """Return the predicted numbers of rows.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
        return_std : bool, default=False
            Also return the standard deviation of the members' predictions.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        std : ndarray of shape (n_samples,), with ``return_std``
        """
        predictions = self._numbers(self._member_outputs(X)[:, :, 0])
        if not return_std:
            return predictions.mean(axis=0)
        self._need_members()
        return predictions.mean(axis=0), predictions.std(axis=0)

    def predict_interval(self, X: TableLike, coverage: float = 0.9) -> np.ndarray:
        """Return an interval for each row that contains the true value with probability ``coverage``.

        Conformal prediction: the prediction, and the quantiles of the residuals of rows held out in training.

        Parameters
        ----------
        X : frame or array-like of shape (n_samples, n_features)
        coverage : float, default=0.9

        Returns
        -------
        interval : ndarray of shape (n_samples, 2)
            Lower and upper end.

        Raises
        ------
        EllayerError
            If too few rows were held out for this coverage.
        """
        ends = interval_ends(self.residuals_, coverage)
        return np.asarray(self.predict(X)[:, None] + np.array(ends))

    def _numbers(self, Z: np.ndarray) -> np.ndarray:
        """Return outputs in the unit of the target, clipped to its range."""
        target = self.target_
        return np.clip(target["center"] + target["scale"] * Z, target["low"], target["high"])

    def _decode(self, AL: np.ndarray) -> np.ndarray:
        return self._numbers(AL[0])

    def _encode_targets(self, y: ArrayLike, m: int) -> np.ndarray:
        assert self.network_ is not None
        y = (np.asarray(y) - self.target_["center"]) / self.target_["scale"]
        return labels_as_columns(self.network_, y, m, None)

    def _target_kind(self) -> TargetKind:
        return "numbers"

    def _set_targets(self, arrays: Arrays, facts: Facts) -> None:
        target = conform(facts.get("target"), Target, "target")
        names: dict[str, Any] = {**target}
        self.target_ = {name: float(names[name]) for name in Target.__annotations__}
        self.oof_prediction_: np.ndarray = read_array(arrays, "oof_prediction_", (None,), "f")
        arrays = {"residuals_": np.zeros(0), **arrays}  # older files have none
        self.residuals_ = read_array(arrays, "residuals_", (None,), "f")

    def _output_count(self) -> int:
        return 1
