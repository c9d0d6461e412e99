"""The cost J that training minimises, and its gradients: weights, L2, L1 and dropout included.

    J = 1 / sum_i w_i  ( sum_i w_i L(AL(i), Y(i))  +  l2 / 2 sum W^2  +  l1 sum |W| )

The loss is computed by ``propagation``, the penalties by ``regularizers``; this module combines them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from .arrays import (
    Array,
    Examples,
    ExampleWeights,
    Parameters,
    Scalar,
    Targets,
    Units,
    array_namespace,
    is_sparse,
)
from .network import Network
from .propagation import Cache, L_model_backward, compute_cost, relative_weights
from .regularizers import dropout_mask, l1_backward, l1_forward, l2_backward, l2_forward


class Objective(NamedTuple):
    """J as a function of the outputs and the parameters; make it with ``objective``.

    Attributes
    ----------
    network : Network
    weights : array, shape (1, m), or None
        Of mean 1.
    total : float or array
        Sum of the weights before scaling, m without weights; the divisor of the penalties.
    l2, l1 : float or array, or None
        None omits the term.
    """

    network: Network
    weights: ExampleWeights | None
    total: Scalar
    l2: Scalar | None
    l1: Scalar | None

    def cost(self, AL: Units, ZL: Units, Y: Targets, parameters: Parameters) -> Array:
        """Return J.

        Parameters
        ----------
        AL, ZL, Y : array, shape (n_L, m)
        parameters : dict
        """
        J = compute_cost(AL, Y, self.network, self.weights, ZL)
        if self.l2 is not None:
            J = J + l2_forward(parameters, self.l2, self.total)
        if self.l1 is not None:
            J = J + l1_forward(parameters, self.l1, self.total)
        return J

    def gradients(
        self,
        AL: Units,
        caches: list[Cache],
        Y: Targets,
        parameters: Parameters,
        *,
        input_gradient: bool = False,
        fixed: Collection[str] = (),
        project: Callable[[Parameters, Parameters], Parameters] | None = None,
    ) -> Parameters:
        """Return the gradients of J, with the names of ``L_model_backward``.

        Parameters
        ----------
        AL, Y : array, shape (n_L, m)
        caches : list of Cache
        parameters : dict
        input_gradient : bool
            Whether to return dA0 too.
        fixed : collection of str
            Parameters that are not learned.
        project : callable, optional
            ``grads = project(grads, parameters)``, applied between the loss and the penalties if W^[1] is in
            other coordinates.
        """
        grads = L_model_backward(AL, Y, caches, self.network, self.weights, input_gradient, fixed)
        if project is not None:
            grads = project(grads, parameters)
        if self.l2 is not None:
            grads = l2_backward(grads, parameters, self.l2, self.total)
        if self.l1 is not None:
            grads = l1_backward(grads, parameters, self.l1, self.total)
        return grads


def objective(
    network: Network,
    m: int,
    weights: ExampleWeights | None = None,
    l2: Scalar | None = None,
    l1: Scalar | None = None,
) -> Objective:
    """Return the objective of m examples.

    Parameters
    ----------
    network : Network
    m : int
    weights : array, shape (1, m), optional
        At least 0, of any scale. If all are 0, J and its gradients are 0, including penalties.
    l2, l1 : float or array, optional
        None omits the term; 0 computes it.

    Examples
    --------
    >>> import numpy as np
    >>> J = objective(Network([1, 1], loss="squared_error"), 2, np.array([[1.0, 3.0]]), l2=4.0)
    >>> AL, theta = np.array([[1.0, 2.0]]), {"W1": np.array([[1.0]]), "b1": np.array([[0.0]])}
    >>> float(J.cost(AL, AL, np.zeros((1, 2)), theta))  # (1 * 1/2 + 3 * 2) / 4 + 4 / (2 * 4) * 1
    2.125
    """
    if weights is None:
        return Objective(network, None, m, l2, l1)
    xp = array_namespace(weights)
    total = xp.sum(weights)
    total = xp.where(total > 0.0, total, float("inf"))  # a batch of weight 0 changes nothing
    return Objective(network, relative_weights(weights), total, l2, l1)


def dropout_masks(
    network: Network,
    rates: Mapping[int, Scalar],
    X: Examples,
    seed: int | Array,
    step: int | Array,
    places: Array | None = None,
) -> dict[int, Array]:
    """Return dropout's mask of each layer that has a rate, 0 for the input, in the dtype of X.

    Parameters
    ----------
    network : Network
    rates : dict
        Dropout rate by layer.
    X : array, shape (n_x, m)
        Of a sparse X the mask of layer 0 is sparse.
    seed, step : int or uint32 array
    places : array, shape (m,), optional
        The place of each example in the update, if X has some of them only.
    """
    xp, m = array_namespace(X), X.shape[1]
    return {
        layer: dropout_mask(
            X if layer == 0 and is_sparse(X) else xp.zeros((network.widths[layer], m), dtype=X.dtype),
            rate, seed, step, layer, places,
        )
        for layer, rate in rates.items()
    }  # fmt: skip
