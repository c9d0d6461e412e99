"""Conversions of an MLP estimator: from a dict of parameters, to and from scikit-learn and the arrays of a file."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self, TypedDict

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..._forms import Positive, conform
from ..._sklearn_compat import (
    LabelKind,
    label_binarizer,
    mlp_labels,
    mlp_optimizer,
    no_improvement_count,
    set_mlp_internals,
)
from ...core.network import Network
from ...core.parameter_names import kind_of
from ...engine.history import History
from ...engine.state import Parameters, TrainState
from ...errors import EllayerError
from ..labels import labels_from_facts, labels_to_facts, output_count
from ..stored import Arrays, Facts
from .base import BaseMLP
from .fit_state import FitState, Memory, Progress
from .network import make_network, read_parameters, sklearn_name
from .settings import optimizer_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from sklearn.preprocessing import LabelBinarizer

SKLEARN_ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu")
PROGRESS = tuple(name for name in Progress.__annotations__ if name not in ("stopped_by_", "engine_"))
SKLEARN_ATTRIBUTES = (
    "n_features_in_", "feature_names_in_", "classes_", "n_outputs_", "n_layers_", "out_activation_", *PROGRESS,
)  # fmt: skip


class InputFacts(TypedDict):
    """The names of the inputs in a file."""

    n_features_in: Positive
    feature_names: list[str] | None


class ConvertibleMLP(BaseMLP):
    """Base of both estimators, with their conversions."""

    @classmethod
    def from_parameters(
        cls,
        parameters: Mapping[str, ArrayLike],
        *,
        classes: ArrayLike | None = None,
        feature_names: Sequence[str] | None = None,
        **settings: Any,
    ) -> Self:
        """Return a fitted estimator with the given parameters.

        Parameters
        ----------
        parameters : dict
            "W1" (n_1, n_x), "b1" (n_1, 1), ..., "WL", "bL", as ``train`` returns them.
        classes : array-like, optional
            The labels, for a classifier; 0, 1, ... by default. One output unit means two classes.
            Several output units mean as many classes, or multilabel classification with
            ``output_activation="sigmoid"``.
        feature_names : list of str, optional
        **settings
            Constructor parameters: ``activation``, ``output_activation``, ``loss`` and so on. The
            sizes of the layers follow from the parameters.

        Returns
        -------
        A fitted estimator, which ``partial_fit`` can train further.

        Examples
        --------
        >>> from ellayer import MLPRegressor
        >>> model = MLPRegressor.from_parameters({"W1": np.array([[2.0, 3.0]]), "b1": np.array([[1.0]])})
        >>> model.predict([[10.0, 100.0]])
        array([321.])
        """
        sizes = _layer_sizes(parameters)
        estimator = cls(hidden_layer_sizes=tuple(sizes[1:-1]), **settings)
        if is_classifier(estimator):
            estimator._take_labels(_label_binarizer(classes, sizes[-1], estimator.output_activation))
        elif classes is not None:
            raise EllayerError("classes: expected None for a regressor")
        network = make_network(estimator, sizes[0], sizes[-1], estimator._loss_name())
        dtypes = [np.asarray(theta).dtype for theta in parameters.values()]
        dtype = estimator.dtype or np.result_type(np.float32, *dtypes)
        state = state_before_training(estimator, network, read_parameters(dict(parameters), network, dtype))
        estimator._take_state(state, feature_names)
        return estimator

    def to_sklearn(self) -> Any:
        """Return a scikit-learn estimator with these parameters and equal predictions.

        Raises
        ------
        EllayerError
            If scikit-learn does not support an activation, output or loss.
        """
        from sklearn import neural_network

        check_is_fitted(self)
        network, classifier = self.network_, is_classifier(self)
        make = neural_network.MLPClassifier if classifier else neural_network.MLPRegressor
        ours = self.get_params(deep=False)
        settings = {name: ours[name] for name in inspect.signature(make).parameters}
        settings["activation"] = _one_activation(network)
        if settings["n_iter_no_change"] is None:
            settings["n_iter_no_change"] = np.inf
        if not classifier and network.loss not in ("squared_error", "poisson"):
            settings["loss"] = "poisson" if self.out_activation_ == "exp" else "squared_error"
        model = make(**settings)
        for name in SKLEARN_ATTRIBUTES:
            if hasattr(self, name):
                setattr(model, name, getattr(self, name))
        model.coefs_ = [np.ascontiguousarray(W) for W in self.coefs_]
        model.intercepts_ = [b.copy() for b in self.intercepts_]
        random, count = check_random_state(model.random_state), self._fit_state.memory.no_improvement
        set_mlp_internals(model, random, count, self._labels)
        return model

    def _take_sklearn(self, model: BaseEstimator) -> None:
        """Set the fitted state from a fitted scikit-learn estimator with the same parameters."""
        if is_classifier(model):
            self._take_labels(mlp_labels(model))
        network = make_network(self, len(model.coefs_[0]), model.coefs_[-1].shape[1], self._loss_name())
        dtype = model.coefs_[0].dtype
        parameters = read_parameters((model.coefs_, model.intercepts_), network, dtype)
        state = state_before_training(self, network, parameters)
        progress: Any = {name: value for name, value in vars(model).items() if name in PROGRESS}
        state.progress = deepcopy(progress)
        state.history = _history(model)
        state.memory = _memory(model)
        if (optimizer := mlp_optimizer(model)) is not None:
            slots = {slot: _by_name(arrays, network) for slot, arrays in optimizer.slots.items()}
            state.memory.rate_scale = optimizer.rate_scale
            state.optimizer = optimizer_of(self)
            state.train_state = TrainState(dict(parameters), slots, before=optimizer.steps, seed=state.seed)
        self._take_state(state, getattr(model, "feature_names_in_", None))

    # Storage

    def _get_fitted(self) -> tuple[Arrays, Facts]:
        """Return the fitted state as arrays and JSON-able facts, without the constructor parameters."""
        arrays, facts = self._current_state().to_arrays()
        names = getattr(self, "feature_names_in_", None)
        facts["n_features_in"] = self.n_features_in_
        facts["feature_names"] = None if names is None else [str(name) for name in names]
        if self._labels is not None:
            facts["labels"] = labels_to_facts(self._labels)
        return arrays, facts

    def _set_fitted(self, arrays: Arrays, facts: Facts) -> None:
        """Restore what ``_get_fitted`` returned."""
        stored, state = conform(facts, InputFacts, "facts"), FitState.from_arrays(arrays, facts)
        n_features, *_, n_outputs = state.network.layer_dims
        names = stored["feature_names"]
        if stored["n_features_in"] != n_features or (names is not None and len(names) != n_features):
            raise EllayerError(
                f"n_features_in, feature_names: expected {n_features} as the network has inputs"
            )
        if is_classifier(self):
            labels = labels_from_facts(facts.get("labels"))
            if n_outputs != output_count(labels):
                raise EllayerError(
                    f"labels: expected those of {n_outputs} output units, received {len(labels.classes_)}"
                )
            self._take_labels(labels)
        self._take_state(state, names)

    def _take_state(self, state: FitState, feature_names: Sequence[str] | None) -> None:
        """Set the fitted state from an external one."""
        self._publish(state)
        self._named_layer = state.network.L - 1
        self.n_features_in_: int = state.network.layer_dims[0]
        if feature_names is not None:
            self.feature_names_in_: np.ndarray = np.array(list(feature_names), dtype=object)


def state_before_training(estimator: BaseMLP, network: Network, parameters: Parameters) -> FitState:
    """Return the state of an estimator that has parameters and has not been trained."""
    random = check_random_state(estimator.random_state)
    return FitState(network, parameters, split_state=random.get_state(), seed=int(random.randint(2**31 - 1)))


def _layer_sizes(parameters: Mapping[str, ArrayLike]) -> list[int]:
    L = sum(str(name).startswith("W") for name in parameters)
    names = [f"{kind}{l}" for l in range(1, L + 1) for kind in "Wb"]
    if not L or set(parameters) != set(names):
        raise EllayerError(
            f"parameters: expected 'W1', 'b1', ..., 'WL', 'bL'; received {', '.join(map(str, sorted(parameters)))}"
        )
    shapes = [np.shape(parameters[f"W{l}"]) for l in range(1, L + 1)]
    if any(len(shape) != 2 for shape in shapes) or any(a[0] != b[1] for a, b in pairwise(shapes)):
        raise EllayerError(f"parameters: expected W of consistent shapes (n_l, n_(l-1)), received {shapes}")
    return [shapes[0][1], *(shape[0] for shape in shapes)]


def _label_binarizer(classes: ArrayLike | None, n_outputs: int, output_activation: object) -> LabelBinarizer:
    """Return labels for the output units; multilabel if each unit is a sigmoid."""
    several = n_outputs > 1 and sklearn_name(str(output_activation)) == "logistic"
    count = 2 if n_outputs == 1 else n_outputs
    classes = np.arange(count) if classes is None else np.unique(classes)
    if len(classes) != count:
        raise EllayerError(
            f"classes: expected {count} different labels for {n_outputs} output units, received {len(classes)}"
        )
    kind: LabelKind = "multilabel-indicator" if several else "binary" if n_outputs == 1 else "multiclass"
    return label_binarizer(classes, kind)


def _one_activation(network: Network) -> str:
    hidden = set(network.activations[:-1])
    if len(hidden) > 1 or not hidden <= set(SKLEARN_ACTIVATIONS):
        raise EllayerError(
            f"to_sklearn: expected one of scikit-learn's activations ({', '.join(SKLEARN_ACTIVATIONS)}) in all hidden "
            f"layers, received {', '.join(sorted(hidden))}"
        )
    if network.activations[-1] not in ("identity", "sigmoid", "softmax", "exp"):
        raise EllayerError(f"to_sklearn: scikit-learn has no output activation {network.activations[-1]!r}")
    return sklearn_name(hidden.pop()) if hidden else "relu"


# scikit-learn's fitted state


def _history(model: BaseEstimator) -> History:
    losses, scores = getattr(model, "loss_curve_", []), getattr(model, "validation_scores_", None)
    history = History({"epoch": list(range(1, len(losses) + 1)), "loss": losses})
    if scores:
        history["validation_score"] = list(scores)
    return history


def _memory(model: BaseEstimator) -> Memory:
    best, score = getattr(model, "best_loss_", None), getattr(model, "best_validation_score_", None)
    value = score if score is not None else -math.inf if best is None else -best
    return Memory(no_improvement=no_improvement_count(model), best=value)


def _by_name(arrays: Sequence[np.ndarray], network: Network) -> Parameters:
    """Return arrays in scikit-learn's order, all coefs and then all intercepts, as "W1", "b1", ..."""
    names = [f"{kind}{l}" for kind in "Wb" for l in range(1, network.L + 1)]
    return {
        name: np.ascontiguousarray(array.T) if kind_of(name) == "W" else array.reshape(-1, 1).copy()
        for name, array in zip(names, arrays, strict=True)
    }
