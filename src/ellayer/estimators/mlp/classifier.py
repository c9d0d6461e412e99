"""MLPClassifier."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import type_of_target

from ..._sklearn_compat import (
    StrOptions,
    first_partial_fit,
    fit_context,
    label_kind,
    store_parameters,
    with_callbacks,
)
from ...core.inference import class_index
from ...engine.model import TargetKind
from ...engine.state import Parameters
from ...errors import EllayerError
from ..examples import Examples
from ..group_rows import join_labels, join_rows, own_part, together
from ..labels import ProbabilisticClassifier, class_weights, decode, encode, target_kind
from ..parameters import CONSTRAINTS
from .base import partial_fit_available
from .conversions import ConvertibleMLP
from .epoch_rule import Score
from .loss_names import classifier_loss

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike

    from ..examples import RandomState, Rows, TableLike
    from .custom_activation import ActivationSpec


class MLPClassifier(ProbabilisticClassifier, ConvertibleMLP):
    """A multi-layer perceptron classifier, a drop-in replacement for scikit-learn's.

    The parameters up to ``max_fun`` are those of scikit-learn, with the same defaults and meaning; those after
    it are additional.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Units of each hidden layer; () for none.
    activation : str, callable, pair or list, default="relu"
        Activation of the hidden layers: "identity", "logistic", "tanh", "relu" or any row of
        ``ellayer.core.ACTIVATIONS`` such as "leaky_relu(0.1)"; a function g written with jax.numpy,
        or a pair (g, g'), checked against central differences; or a list with one per layer.
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
    alpha : float, default=0.0001
        Strength of L2: alpha / (2 m) sum W^2 in the cost.
    batch_size : int or "auto", default="auto"
        Examples per update; "auto" is min(200, n_samples).
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        For sgd and ``optimizer``: constant, divided by (examples seen + 1)^power_t, or divided by 5
        after ``n_iter_no_change`` epochs without improvement.
    learning_rate_init : float, default=0.001
    power_t : float, default=0.5
    max_iter : int, default=200
        Epochs of one call of ``fit``; iterations of lbfgs.
    shuffle : bool, default=True
        Whether to shuffle the examples in each epoch.
    random_state : int, RandomState or None, default=None
        Initial parameters and the validation split are the same as in scikit-learn.
    tol : float, default=0.0001
        The smallest improvement of the loss, or of the score with early stopping.
    verbose : bool, default=False
        Print progress like scikit-learn.
    warm_start : bool, default=False
        ``fit`` continues from the last call, including optimizer, learning rate, order of the examples and
        patience, so that 5 + 5 epochs equal 10.
    momentum : float, default=0.9
    nesterovs_momentum : bool, default=True
    early_stopping : bool, default=False
        Hold out examples, stop when their score no longer improves, and restore the best parameters.
    validation_fraction : float, default=0.1
    beta_1, beta_2, epsilon : float, defaults 0.9, 0.999, 1e-8
        Parameters of adam.
    n_iter_no_change : int, inf or None, default=10
        Epochs without an improvement of ``tol`` before stopping; None and inf never stop.
    max_fun : int, default=15000
        Maximum number of function evaluations of lbfgs.
    loss : str, default="log_loss"
        "log_loss", "log_loss(smoothing=0.1)", "focal(gamma=2)", "squared_error", ...
    dropout : float or list, default=0.0
        Rate of all hidden layers, or a list with one per hidden layer, optionally with that of the input first.
    output_activation : str, callable, pair or None, default=None
        By default that of the loss.
    optimizer : str, optax.GradientTransformation or None, default=None
        In place of ``solver``: any row of ``ellayer.core.OPTIMIZERS``, optax's names ("lion"), "lbfgs",
        or a transformation, which has its own learning rate.
    learning_rate_schedule : str, callable or None, default=None
        In place of ``learning_rate``: a row of ``ellayer.core.SCHEDULES`` such as "cosine", or a function
        of the update number that returns the factor on the rate.
    l1 : float, default=0.0
        l1 / m sum abs(W) in the cost.
    weight_decay : float or None, default=None
        Decoupled decay at each update; None is the default of the optimizer (0.01 for adamw, else none).
    clip_norm : float or None, default=None
        Largest norm of all gradients together.
    initializer : str or None, default=None
        A row of ``ellayer.core.INITIALIZERS``; None initialises as scikit-learn does.
    init_params : dict, pair or None, default=None
        Initial parameters: {"W1": (n_1, n_x), "b1": ...} or (coefs, intercepts).
    validation_data : (X, y) or (X, y, sample_weight), default=None
        Scored after each epoch; early stopping uses it instead of a split.
    monitor : str or None, default=None
        The value monitored by stopping and ``restore_best``: "loss" (of the validation examples, if
        any), or the name of a scorer such as "f1_macro". None is scikit-learn's rule: accuracy with early
        stopping, else the training loss; with ``class_weight`` and early stopping it is the loss.
    restore_best : bool or None, default=None
        Restore the parameters of the best epoch; None does so with early stopping.
    callbacks : list or None, default=None
        Functions called with an ``EpochInfo`` after each epoch, True stops; scikit-learn's callbacks
        (``sklearn.callback``) can be passed here or set with ``set_callbacks``.
    time_limit : float or None, default=None
        Maximum duration of one fit in seconds.
    dtype : "float32", "float64" or None, default=None
        None keeps float32 and uses float64 for everything else, as in scikit-learn.
    device : str, jax device or None, default=None
        "cpu", "gpu", "gpu:0", ...; other devices than the CPU run compiled.
    engine : str, default="auto"
        "auto" chooses the loop that finishes first; or "numpy" or "jax", optionally with "wide" or "direct".
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes; "balanced" is m / (K m_k) for class k, in ``partial_fit`` computed for
        the examples of each call. For multilabel y "balanced" or a list of dicts.

    Attributes
    ----------
    network_ : Network
    parameters_ : dict
        "W1" (n_1, n_x), "b1" (n_1, 1), ...; views of ``coefs_`` and ``intercepts_``.
    coefs_, intercepts_ : list of ndarray
        Shapes (n_in, n_out) and (n_out,).
    history_ : History
        A table, one row per epoch: "epoch", "loss", "validation_loss", "validation_score",
        "learning_rate", "gradient_norm", "seconds"; ``pandas.DataFrame(model.history_)`` reads it.
    loss_, best_loss_, loss_curve_, validation_scores_, best_validation_score_
        As in scikit-learn.
    n_iter_, t_ : int
        Epochs of the last call, and total number of examples seen.
    stopped_by_ : str
        "convergence", "iterations", "callback", "time", "interrupted" or "divergence".
    engine_ : str
        The loop that ran.
    n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_
        As in scikit-learn.
    classes_ : ndarray of shape (n_classes,)

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True)
    >>> X = StandardScaler().fit_transform(X)
    >>> model = MLPClassifier((16, 8), activation=["leaky_relu", "tanh"], learning_rate_init=0.01,
    ...                       dropout=0.1, random_state=0, max_iter=1000).fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    >>> model.transform(X, layer=1).shape
    (150, 16)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CONSTRAINTS,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] | np.ndarray = (100,),
        activation: ActivationSpec | Sequence[ActivationSpec] = "relu",
        *,
        solver: Literal["lbfgs", "sgd", "adam"] = "adam",
        alpha: float = 0.0001,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: Literal["constant", "invscaling", "adaptive"] = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float | None = 10,
        max_fun: int = 15000,
        loss: str = "log_loss",
        class_weight: Mapping[Any, float] | list[dict[int, float]] | Literal["balanced"] | None = None,
        dropout: float | Sequence[float] = 0.0,
        output_activation: ActivationSpec | None = None,
        optimizer: object = None,
        learning_rate_schedule: object = None,
        l1: float = 0.0,
        weight_decay: float | None = None,
        clip_norm: float | None = None,
        initializer: str | None = None,
        init_params: Mapping[str, ArrayLike] | Sequence[Sequence[ArrayLike]] | None = None,
        validation_data: Sequence[Any] | None = None,
        monitor: str | None = None,
        restore_best: bool | None = None,
        callbacks: Sequence[Any] | None = None,
        time_limit: float | None = None,
        dtype: DTypeLike | None = None,
        device: object = None,
        engine: str = "auto",
    ) -> None:
        store_parameters(self, locals())

    # Targets

    def _encode(self, X: TableLike, y: ArrayLike, incremental: bool, reset: bool) -> tuple[Rows, np.ndarray]:
        with together():
            rows, targets = self._validate(
                X, y=y, multi_output=True, dtype=(np.float64, np.float32), reset=reset
            )
            if targets.ndim == 2 and targets.shape[1] == 1:
                targets = column_or_1d(targets, warn=True)
            own = LabelBinarizer().fit(targets)
        labels = join_labels(own)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._take_labels(labels)
        else:
            same = self.warm_start and not reset and not incremental
            self._check_targets(labels.classes_, same)
        return rows, encode(self._label_binarizer, targets)

    def _take_labels(self, labels: LabelBinarizer) -> None:
        self._label_binarizer = labels
        self.classes_: Any = labels.classes_

    def _check_targets(self, classes: np.ndarray, same: bool) -> None:
        if same:
            if set(classes) != set(self.classes_):
                raise EllayerError(
                    "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                    f"Previously got {self.classes_}, `y` has {classes}"
                )
        elif len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise EllayerError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {classes}."
            )

    def _class_weights(self, Y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        if self.class_weight != "balanced":
            return class_weights(self.class_weight, Y, self._label_binarizer, weights)
        all_weights = None if weights is None else join_rows(weights)
        of_all = class_weights("balanced", join_rows(Y), self._label_binarizer, all_weights)
        return None if of_all is None else own_part(of_all, len(Y))

    def _strata(self, Y: np.ndarray, incremental: bool) -> np.ndarray | None:
        """Return the class indices to stratify by: as in scikit-learn for two classes, and not for more."""
        if label_kind(self._label_binarizer) == "multilabel-indicator":
            return None
        numbers = join_rows(class_index(Y.T))
        single = np.flatnonzero(np.bincount(numbers) == 1)
        # A subset of the data, as in partial_fit, may have fewer than two examples of a class.
        if len(single) and len(numbers) > 1 and not incremental:
            labels = ", ".join(map(repr, self.classes_[single].tolist()[:10]))
            # scikit-learn's message has the encoded classes
            encoded = [str(bool(k)) if Y.shape[1] == 1 else str(k) for k in single]
            raise EllayerError(
                f"The least populated classes in y have only 1 member, which is too few: {labels}. early_stopping needs at "
                "least 2 of each class, one to learn from and one to hold out; add examples, merge or drop these classes, "
                f"or pass validation_data. Classes with too few members are: {encoded}"
            )
        return numbers if Y.shape[1] == 1 and not len(single) else None

    def _default_score(self, examples: Examples) -> Score:
        y = self._decode(examples.Y)

        def accuracy(parameters: Parameters, A: np.ndarray) -> float:
            if not np.isfinite(A).all():
                return math.nan
            return float(accuracy_score(y, self._decode(A), sample_weight=examples.weights))

        return accuracy

    def _loss_name(self) -> str:
        return classifier_loss(self.loss, label_kind(self._label_binarizer) == "multiclass")

    # Fit

    @partial_fit_available
    @with_callbacks
    @fit_context
    def partial_fit(
        self,
        X: TableLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on these examples, continuing exactly from the last call.

        With ``early_stopping`` a part of the examples is held out, the same part of the same
        examples each time; ``coefs_`` are the best so far, but the next call continues from the last.

        Parameters
        ----------
        X, y, sample_weight
            As for ``fit``.
        classes : array-like of shape (n_classes,), default=None
            All classes; required in the first call only.

        Returns
        -------
        self
        """
        if first_partial_fit(self, classes):
            multilabel = type_of_target(y).startswith("multilabel")
            self._take_labels(LabelBinarizer().fit(y if multilabel else classes))
        return self._fit(X, y, sample_weight, incremental=True)

    # Predict

    def _decode(self, A: np.ndarray) -> np.ndarray:
        return decode(self._label_binarizer, A)

    def _target_kind(self) -> TargetKind:
        return target_kind(self._label_binarizer)

    def predict_proba(self, X: TableLike) -> np.ndarray:
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        P : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``. Outputs that are not probabilities (another
            ``output_activation``) are clipped to [0, 1], and with several classes divided by their sum.
        """
        A = self._outputs(X)
        activation = self.network_.activations[-1]
        if activation not in ("sigmoid", "softmax"):
            A = np.clip(A, 0.0, 1.0)
        if A.shape[1] == 1:
            if len(self.classes_) == 1:
                return np.ones_like(A)
            return np.concatenate([1.0 - A, A], axis=1)
        if label_kind(self._label_binarizer) == "multiclass" and activation != "softmax":
            return A / np.maximum(A.sum(axis=1, keepdims=True), np.finfo(A.dtype).tiny)
        return np.ascontiguousarray(A)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
