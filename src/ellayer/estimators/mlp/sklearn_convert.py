"""Between this world and others: scikit-learn's fitted networks, and the notes' dicts of parameters."""

from __future__ import annotations

import inspect
import math
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ...core.network import Network
from ...core.parameter_names import kind_of
from ...engine.history import History
from ...engine.state import TrainState
from ...errors import EllayerError
from ..sklearn_compat import (
    LabelKind,
    label_binarizer,
    mlp_optimizer,
    no_improvement_count,
    set_mlp_internals,
)
from . import settings
from .epoch_rule import Memory

CURVES = (
    "loss_",
    "loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
    "n_iter_",
    "t_",
)
SKLEARN_ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu")


class ToFromScikitLearn:
    """What both estimators give to and take from other worlds."""

    @classmethod
    def from_parameters(
        cls, parameters: dict[str, Any], *, classes: Any = None, feature_names: Any = None, **settings_: Any
    ) -> Any:
        """Return a fitted estimator around given parameters.

        Parameters
        ----------
        parameters : dict
            "W1" (n_1, n_x), "b1" (n_1, 1), ..., "WL", "bL", as ``train`` gives them back.
        classes : array-like, optional
            The labels, for a classifier; 0, 1, ... by default. One output unit means two classes. More
            output units than one mean as many classes, or as many labels at once with
            ``output_activation="sigmoid"``.
        feature_names : list of str, optional
        **settings_
            The constructor's parameters: ``activation``, ``output_activation``, ``loss`` and so on. The
            sizes of the layers follow from the parameters.

        Returns
        -------
        A fitted estimator: it predicts, and ``partial_fit`` goes on from there.

        Examples
        --------
        >>> from ellayer import MLPRegressor
        >>> model = MLPRegressor.from_parameters({"W1": np.array([[2.0, 3.0]]), "b1": np.array([[1.0]])})
        >>> model.predict([[10.0, 100.0]])
        array([321.])
        """
        sizes = _layer_sizes(parameters)
        estimator: Any = cls(hidden_layer_sizes=tuple(sizes[1:-1]), **settings_)  # type: ignore[call-arg]
        if is_classifier(estimator):
            _take_classes(estimator, classes, sizes[-1])
        elif classes is not None:
            raise EllayerError("classes: expected None for a regressor")
        network = settings.make_network(estimator, sizes[0], sizes[-1], estimator._loss_name())
        dtype = estimator.dtype or np.result_type(
            np.float32, *(np.asarray(p).dtype for p in parameters.values())
        )
        fill(estimator, network, settings.given_parameters(dict(parameters), network, dtype))
        if feature_names is not None:
            estimator.feature_names_in_ = np.array(list(feature_names), dtype=object)
        return estimator

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with these parameters: equal predictions.

        Raises
        ------
        ValueError
            Where scikit-learn has no word for an activation, an output or a loss.
        """
        from sklearn import neural_network

        check_is_fitted(self)
        network: Network = self.network_  # type: ignore[attr-defined]
        model_class = getattr(neural_network, "MLPClassifier" if is_classifier(self) else "MLPRegressor")
        ours = self.get_params(deep=False)  # type: ignore[attr-defined]
        theirs = {name: ours[name] for name in inspect.signature(model_class).parameters}
        theirs["activation"] = _one_activation(network)
        if theirs["n_iter_no_change"] is None:
            theirs["n_iter_no_change"] = np.inf
        if not is_classifier(self) and network.loss not in ("squared_error", "poisson"):
            theirs["loss"] = "poisson" if self.out_activation_ == "exp" else "squared_error"  # type: ignore[attr-defined]
        model = model_class(**theirs)
        names = ["n_features_in_", "feature_names_in_", "n_outputs_", "n_layers_", "out_activation_", *CURVES]
        names += ["classes_"] if is_classifier(self) else []
        for name in names:
            if hasattr(self, name):
                setattr(model, name, getattr(self, name))
        model.coefs_ = [np.ascontiguousarray(W) for W in self.coefs_]  # type: ignore[attr-defined]
        model.intercepts_ = [b.copy() for b in self.intercepts_]  # type: ignore[attr-defined]
        random, waited = check_random_state(model.random_state), self._memory.no_improvement  # type: ignore[attr-defined]
        set_mlp_internals(model, random, waited, getattr(self, "_label_binarizer", None))
        return model


def _layer_sizes(parameters: dict[str, Any]) -> list[int]:
    L = sum(str(name).startswith("W") for name in parameters)
    wanted = [f"{kind}{l}" for l in range(1, L + 1) for kind in "Wb"]
    if not L or set(parameters) != set(wanted):
        raise EllayerError(
            f"parameters: expected 'W1', 'b1', ..., 'WL', 'bL'; received {', '.join(map(str, sorted(parameters)))}"
        )
    shapes = [np.shape(parameters[f"W{l}"]) for l in range(1, L + 1)]
    if any(len(shape) != 2 for shape in shapes) or any(a[0] != b[1] for a, b in pairwise(shapes)):
        raise EllayerError(
            f"parameters: expected W of shapes (n_l, n_(l-1)) that follow on each other, received {shapes}"
        )
    return [shapes[0][1], *(shape[0] for shape in shapes)]


def _take_classes(estimator: Any, classes: Any, n_outputs: int) -> None:
    several = n_outputs > 1 and settings.sklearn_name(str(estimator.output_activation)) == "logistic"
    count = 2 if n_outputs == 1 else n_outputs
    classes = np.arange(count) if classes is None else np.unique(classes)
    if len(classes) != count:
        raise EllayerError(
            f"classes: expected {count} different labels for {n_outputs} output units, received {len(classes)}"
        )
    kind: LabelKind = "multilabel-indicator" if several else "binary" if n_outputs == 1 else "multiclass"
    estimator._take_labels(label_binarizer(classes, kind))


def fill(estimator: Any, network: Network, parameters: dict[str, np.ndarray]) -> None:
    """Set what a fit would have left, before any epoch."""
    random = estimator._random_state = check_random_state(estimator.random_state)
    estimator._split_state = random.get_state()
    estimator._seed = int(random.randint(2**31 - 1))
    estimator._set_network(network)
    estimator._named_layer = network.L - 1
    estimator._set_parameters(parameters)
    estimator.n_features_in_ = network.layer_dims[0]
    estimator.n_iter_ = estimator.t_ = 0
    estimator._memory, estimator._state, estimator._restored = Memory(), None, False
    estimator._optimizer_spec = None
    estimator.history_ = History()


def _one_activation(network: Network) -> str:
    hidden = set(network.activations[:-1])
    if len(hidden) > 1 or not hidden <= set(SKLEARN_ACTIVATIONS):
        raise EllayerError(
            f"to_sklearn: expected one of scikit-learn's activations ({', '.join(SKLEARN_ACTIVATIONS)}) in all hidden "
            f"layers, received {', '.join(sorted(hidden))}"
        )
    if network.activations[-1] not in ("identity", "sigmoid", "softmax", "exp"):
        raise EllayerError(f"to_sklearn: scikit-learn has no output activation {network.activations[-1]!r}")
    return settings.sklearn_name(hidden.pop()) if hidden else "relu"


def take_optimizer(estimator: Any, model: Any) -> None:
    """Take over velocities or moments, the count of updates, the learning rate and the patience."""
    memory = estimator._memory
    memory.no_improvement = no_improvement_count(model)
    best, score = getattr(model, "best_loss_", None), getattr(model, "best_validation_score_", None)
    memory.best = score if score is not None else -best if best is not None else -math.inf
    optimizer = mlp_optimizer(model)
    if optimizer is None:
        return
    names = [f"W{l}" for l in range(1, len(model.coefs_) + 1)] + [
        f"b{l}" for l in range(1, len(model.coefs_) + 1)
    ]

    def slot(values: list) -> dict[str, np.ndarray]:
        return {
            name: np.ascontiguousarray(value.T) if kind_of(name) == "W" else value.reshape(-1, 1).copy()
            for name, value in zip(names, values, strict=True)
        }

    slots = {name: slot(arrays) for name, arrays in optimizer.slots.items()}
    memory.rate_scale = optimizer.rate_scale
    estimator._optimizer_spec = settings.optimizer_of(estimator)
    estimator._place = None
    estimator._state = TrainState(
        dict(estimator.parameters_), slots, before=optimizer.steps, seed=estimator._seed,
    )  # fmt: skip
