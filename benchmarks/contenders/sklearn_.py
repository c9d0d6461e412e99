"""scikit-learn's MLPClassifier, from the same start and through the examples in the same order."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from workloads import Outcome, Work


class _Orders(np.random.RandomState):
    """Shuffles into the given orders, one after another; scikit-learn shuffles what it shuffled before."""

    def __init__(self, orders: np.ndarray):
        super().__init__(0)
        self.orders, self.now = iter(orders), np.arange(orders.shape[1])

    def shuffle(self, indices: np.ndarray) -> None:
        order = next(self.orders)
        indices[:] = np.argsort(self.now)[order]
        self.now = order


class _Started(MLPClassifier):
    """Begins at ``self.start`` instead of at random."""

    def _init_coef(self, fan_in, fan_out, dtype):
        W, b = next(self.start)
        return W.T.astype(dtype), b[:, 0].astype(dtype)


def full_batch(work: Work) -> Outcome:
    """``MLPClassifier(solver="sgd")`` with the whole set as its batch."""
    spec = work.spec
    return _fit(
        work, solver="sgd", momentum=0.0, nesterovs_momentum=False, batch_size=spec.m, max_iter=spec.iterations,
        shuffle=False,
    )  # fmt: skip


def mini_batch(work: Work) -> Outcome:
    """``MLPClassifier(solver="adam")``."""
    spec = work.spec
    return _fit(
        work,
        solver="adam",
        batch_size=spec.batch_size,
        max_iter=spec.epochs,
        random_state=_Orders(work.orders),
    )


def _fit(work: Work, **settings) -> Outcome:
    spec = work.spec
    X, Y = work.X.T, work.Y.T
    y = (
        Y.argmax(axis=1)
        if spec.output == "softmax"
        else Y.astype(int)
        if Y.shape[1] > 1
        else Y[:, 0].astype(int)
    )
    model = _Started(
        spec.layer_dims[1:-1], activation=spec.hidden, alpha=0.0, learning_rate_init=spec.learning_rate, tol=0.0,
        n_iter_no_change=10**9, **settings,
    )  # fmt: skip
    model.start = iter(
        [(work.parameters[f"W{layer}"], work.parameters[f"b{layer}"]) for layer in work.layers()]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    parameters = {}
    for layer, W, b in zip(work.layers(), model.coefs_, model.intercepts_, strict=True):
        parameters |= {f"W{layer}": W.T, f"b{layer}": b[:, None]}
    costs = model.loss_curve_[:: spec.record_every] if spec.iterations else None
    return Outcome(parameters, costs)
