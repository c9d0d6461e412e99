"""The argument of an estimator's callbacks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..engine.events import Info


@dataclass
class EpochInfo(Info):
    """State of a fit after an epoch, for callbacks; ``iteration`` and ``total`` count updates.

    Attributes
    ----------
    epoch, max_epochs : int
        Epochs done in this fit, and the maximum.
    loss : float
        The last entry of ``loss_curve_``.
    validation_loss, validation_score : float or None
    estimator : MLPClassifier or MLPRegressor
        The estimator being fitted.
    """

    epoch: int = 0
    max_epochs: int = 0
    loss: float = math.nan
    validation_loss: float | None = None
    validation_score: float | None = None
    estimator: Any = None
