"""Values that are computed at each record besides the loss of the update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..core.inference import EXAMPLES_AT_ONCE, outputs
from ..core.network import Network
from ..core.objective import objective
from .batch_reader import BatchReader
from .events import Metric, Score
from .numpy_loop import blas_threads
from .state import Parameters
from .step import Batch


@dataclass(frozen=True)
class Monitor:
    """The validation loss, the metrics and the score of one network at each record.

    Parameters
    ----------
    train : Batch or BatchReader
        The training examples; a ``BatchReader`` goes with no metrics.
    validation : Batch or None
    metrics : mapping
    score : callable or None
    """

    train: Batch | BatchReader
    validation: Batch | None
    metrics: Mapping[str, Metric]
    score: Score | None = None

    def __bool__(self) -> bool:
        return self.validation is not None or bool(self.metrics)

    def evaluate(self, network: Network, parameters: Parameters) -> dict[str, float]:
        """Return the metrics of both sets, the validation loss and the score at these parameters."""
        values: dict[str, float] = {}
        if self.metrics and isinstance(self.train, Batch):
            AL, _ = outputs(self.train.X, parameters, network, EXAMPLES_AT_ONCE)
            values |= {name: float(f(AL, self.train.Y)) for name, f in self.metrics.items()}
        if self.validation is not None:
            batch = self.validation
            with blas_threads(network, batch.X.shape[1]):
                AL, ZL = outputs(batch.X, parameters, network, EXAMPLES_AT_ONCE)
            J = objective(network, batch.X.shape[1], batch.weights)
            values["validation_loss"] = float(J.cost(AL, ZL, batch.Y, {}))
            values |= {f"validation_{name}": float(f(AL, batch.Y)) for name, f in self.metrics.items()}
            if self.score is not None:
                values["validation_score"] = float(self.score(AL, batch.Y, batch.weights))
        return values
