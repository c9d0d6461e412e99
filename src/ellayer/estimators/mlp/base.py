"""What both estimators are: scikit-learn's interface around a network and its parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from ...core.inference import layer_outputs
from ...core.network import Network
from ...engine.history import History
from ...engine.model import ModelParts, TargetKind, labels_as_columns, rows_as_columns
from ...errors import EllayerError
from ..fit_warnings import where_not_finite
from ..parameters import CONSTRAINTS
from ..sklearn_compat import CallbackSupportMixin, validate_parameters
from . import fit as fitting
from . import fit_state as storing
from .settings import is_lbfgs


def _is_stochastic(estimator: Any) -> bool:
    if is_lbfgs(estimator):
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
        )
    return True


partial_fit_available = available_if(_is_stochastic)


class BaseMLP(ClassNamePrefixFeaturesOutMixin, TransformerMixin, CallbackSupportMixin, BaseEstimator, ABC):
    """Base of ``MLPClassifier`` and ``MLPRegressor``."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS

    network_: Network
    history_: History
    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]

    @property
    def parameters_(self) -> dict[str, np.ndarray]:
        """The notes' parameters, W^[l] (n_l, n_{l-1}) and b^[l] (n_l, 1): views of ``coefs_`` and ``intercepts_``."""
        parameters = {}
        for l, (coef, intercept) in enumerate(zip(self.coefs_, self.intercepts_, strict=True), start=1):
            parameters[f"W{l}"] = coef.T
            parameters[f"b{l}"] = intercept.reshape(-1, 1)
        return parameters

    @property
    def _no_improvement_count(self) -> int:
        """Epochs without improvement, under scikit-learn's name: its own tests read it."""
        return self._memory.no_improvement

    def _set_parameters(self, parameters: dict[str, np.ndarray]) -> None:
        for name, value in self._attributes_of(parameters).items():
            setattr(self, name, value)

    def _attributes_of(self, parameters: dict[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
        L = self.network_.L
        return {
            "coefs_": [parameters[f"W{l}"].T for l in range(1, L + 1)],
            "intercepts_": [parameters[f"b{l}"].ravel() for l in range(1, L + 1)],
        }

    def _set_network(self, network: Network) -> None:
        from .settings import sklearn_name

        self.network_ = network
        self.n_layers_ = network.L + 1
        self.n_outputs_ = network.layer_dims[-1]
        self.out_activation_ = sklearn_name(network.activations[-1])

    # Input

    def _validate_params(self) -> None:
        validate_parameters(self)

    def _validated(self, X: Any, **rules: Any) -> Any:
        """scikit-learn's validation; where a value is no number, the error says how many and where."""
        try:
            return validate_data(self, X, accept_sparse=["csr", "csc"], **rules)
        except ValueError as error:
            text = str(error)
            if "Input X contains" not in text:
                raise
            names = getattr(X, "columns", getattr(self, "feature_names_in_", None))
            raise EllayerError(f"{text}\nX holds {where_not_finite(X, names)}") from None

    # Output

    def _forward(self, X: Any, layer: int | None = None) -> np.ndarray:
        """Return A^[layer] of validated rows as rows, by default the last layer's."""
        layer = self.network_.L if layer is None else layer
        return layer_outputs(X.T, self.parameters_, self.network_, layer).T

    def _outputs(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return self._forward(self._validated(X, reset=False))

    def transform(self, X: Any, layer: int = -2) -> np.ndarray:
        """Return the activations A^[l] of a layer, one row per example.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        layer : int, default=-2
            0 is the input, 1 the first hidden layer, L the output; negative numbers count from the
            output, -1, so that -2 is the last hidden layer.

        Returns
        -------
        A : ndarray of shape (n_samples, n_l)
        """
        check_is_fitted(self)
        L = self.network_.L
        if isinstance(layer, bool) or not hasattr(layer, "__index__") or not -L - 1 <= layer <= L:
            raise EllayerError(f"layer: expected a whole number from {-L - 1} to {L}, received {layer!r}")
        self._named_layer = layer % (L + 1)
        return np.ascontiguousarray(self._forward(self._validated(X, reset=False), self._named_layer))

    @property
    def _n_features_out(self) -> int:
        """Columns of ``transform``: those of the layer last asked for, at first the last hidden one."""
        return self.network_.layer_dims[self._named_layer]

    # Fit

    @abstractmethod
    def _encode(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, np.ndarray]:
        """Validate, and return X and the targets as a matrix (n_samples, n_outputs)."""

    @abstractmethod
    def _loss_name(self) -> str:
        """Return the row of the loss, once ``_encode`` has seen the targets."""

    def _fit(self, X: Any, y: Any, sample_weight: Any, incremental: bool) -> Any:
        fitting.fit(self, X, y, sample_weight, incremental)
        return self

    # Other packages

    def model_parts(self) -> ModelParts:
        """Return the network, its parameters and the way from rows to its columns, for inspection and export."""
        check_is_fitted(self)
        network, classes = self.network_, getattr(self, "classes_", None)
        return ModelParts(
            network=network,
            member_parameters=[self.parameters_],
            prepare=lambda X: rows_as_columns(network, X),
            encode=lambda y, m: labels_as_columns(network, y, m, classes),
            decode=lambda AL: self._decode(AL.T),
            target_kind=self._target_kind(),
            classes=classes,
            feature_names=list(getattr(self, "feature_names_in_", [])),
            history=self.history_,
            stopped_by=getattr(self, "stopped_by_", ""),
            engine=getattr(self, "engine_", ""),
            restored_best=self._restored,
        )

    @abstractmethod
    def _decode(self, A: np.ndarray) -> np.ndarray:
        """Return the labels or numbers of outputs A (m, n_L)."""

    @abstractmethod
    def _target_kind(self) -> TargetKind:
        """Return what the outputs stand for."""

    # Storage

    def _get_fitted(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        return storing.get_fitted(self)

    def _set_fitted(self, arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
        storing.set_fitted(self, arrays, facts)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = (
            ["float64"] if self.dtype == "float64" else ["float64", "float32"]
        )
        return tags
