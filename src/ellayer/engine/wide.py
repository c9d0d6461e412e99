r"""Full-batch training in the span of the examples, for n_x large against m.

With the full batch, dW^[1] = 1/m dZ^[1] X^T lies in the span of the examples, and with gradient
descent, momentum, Nesterov and L2 so does everything that is added to W^[1]. In the coordinates

    W^[1] = Theta M,    M = [X^T; W_0],    Theta = [B, C],  started at [0, I]

the first layer is Z^[1] = Theta (M X) + b^[1]: an ordinary network whose input is the (m + n_1, m)
matrix M X = [X^T X; W_0 X], and whose update of Theta is [1/m dZ^[1], 0] (+ l2/m Theta), without the
large product with X. A step costs n_1 m (m + n_1) instead of 2 n_1 n_x m.
All computations are in float64, because the Gram matrix squares the condition number.
"""

from __future__ import annotations

import numpy as np

from ..core.arrays import Array, dense
from ..core.network import Network
from ..core.optimizers import Optimizer


def pays(network: Network, m: int, steps: int, direct_share: float = 1.0) -> bool:
    """Return True if the coordinates take less than half of the direct time, including preparation.

    ``direct_share`` is the time of the direct products over that of dense ones, below 1 for few non-zeros.
    """
    n_x, n_1 = network.layer_dims[:2]
    direct = direct_share * steps * 4.0 * n_1 * n_x * m
    preparation = 2.0 * m * n_x * (m + 2.0 * n_1) + 2.0 * n_1 * n_x * m
    return preparation + steps * 2.0 * n_1 * m * (m + n_1) < 0.5 * direct


def applies(optimizer: Optimizer, full_batch: bool, l1: float, clip: bool, input_dropout: bool) -> bool:
    """Return True if a run stays in the span of the examples."""
    return optimizer.linear and full_batch and not l1 and not clip and not input_dropout


class ExampleSpan:
    """The coordinates of one run: X (n_x, m), which may be sparse, and the initial W_0 (n_1, n_x)."""

    def __init__(self, X: Array, W0: np.ndarray):
        self._X = X = X.astype(np.float64, copy=False)  # an array, or sparse
        self.W0 = W0 = np.asarray(W0, np.float64)
        self.m: int = X.shape[1]
        m = self.m
        # block by block: M itself would be a second copy of X, and BLAS forms X^T X at half the products
        self.gram: np.ndarray = np.empty((m + len(W0), m + len(W0)))
        gram = self.gram
        gram[:m, :m] = dense(X.T @ X)
        gram[m:, :m] = W0 @ X
        gram[:m, m:] = gram[m:, :m].T
        gram[m:, m:] = W0 @ W0.T
        self.X = gram[:, :m]
        self.start: np.ndarray = np.concatenate([np.zeros((len(W0), m)), np.eye(len(W0))], axis=1)

    def project(self, X: Array) -> np.ndarray:
        """Return M X: other examples in these coordinates."""
        return np.concatenate([dense(self._X.T @ X), self.W0 @ X])

    def W1(self, Theta: np.ndarray) -> np.ndarray:
        """Return W^[1] = Theta M."""
        return np.asarray(Theta[:, : self.m] @ self._X.T + Theta[:, self.m :] @ self.W0)

    def represents(self, Theta: np.ndarray, W1: np.ndarray) -> bool:
        """Return True if Theta is W^[1] in the coordinates of these examples, within rounding."""
        if Theta.shape[1] != len(self.gram):
            return False
        return bool(np.linalg.norm(self.W1(Theta) - W1) <= 1e-3 * np.linalg.norm(W1))
