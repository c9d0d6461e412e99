"""Networks trained on a data set of the notes, with their accuracies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.inference import class_index
from ..core.metrics import METRICS
from ..errors import UsageError

if TYPE_CHECKING:
    from ..core.network import Network
    from ..data import Dataset
    from ..engine.result import TrainingResult


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network and its accuracies.

    Attributes
    ----------
    name : str
    planned : int
        The requested number of updates.
    result : TrainingResult
    train_accuracy : float
    test_accuracy : float or None
        None without test examples.
    """

    name: str
    planned: int
    result: TrainingResult
    train_accuracy: float
    test_accuracy: float | None

    @property
    def sizes(self) -> str:
        """The layers, like "2-4-1"."""
        return "-".join(map(str, self.result.network.layer_dims))

    @property
    def curve(self) -> tuple[list[int], list[float]]:
        """Iterations and costs."""
        return self.result.history["iteration"], self.result.history["loss"]

    @property
    def accuracy(self) -> float:
        """The accuracy on the test examples, or on the training examples if there are none."""
        return self.train_accuracy if self.test_accuracy is None else self.test_accuracy

    def summary(self) -> dict[str, Any]:
        """Return the network as plain data for JSON."""
        network, (iterations, costs) = self.result.network, self.curve
        return {
            "name": self.name,
            "layer_dims": list(network.layer_dims),
            "activations": list(network.activations),
            "loss": network.loss,
            "iterations": iterations,
            "costs": costs,
            "train_accuracy": self.train_accuracy,
            "test_accuracy": self.test_accuracy,
            "updates": self.result.state.step,
            "stopped_by": self.result.stopped_by,
            "seconds": self.result.seconds,
            "engine": self.result.engine,
        }


def train_network(name: str, dataset: Dataset, network: Network, **settings: Any) -> TrainedNetwork:
    """Train a network on a data set and measure its accuracy.

    Parameters
    ----------
    name : str
    dataset : Dataset
    network : Network
    **settings
        Arguments of ``ellayer.train``.

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C was pressed before the first update; later, the current state is returned.
    UsageError
        If the first cost of the network is not finite.
    """
    from ..engine.train import train

    result = train(network, dataset.X, dataset.Y, **settings)
    if not result.costs:
        if result.stopped_by == "interrupted":
            raise KeyboardInterrupt
        raise UsageError(
            f"expected a finite cost at the start, received none from {network}; try another --activation or "
            f"--initializer, or fewer layers"
        )
    test = None
    if dataset.X_test is not None and dataset.Y_test is not None:
        test = accuracy(result, dataset.X_test, dataset.Y_test)
    return TrainedNetwork(
        name, settings["num_iterations"], result, accuracy(result, dataset.X, dataset.Y), test
    )


def train_whole(name: str, dataset: Dataset, network: Network, **settings: Any) -> TrainedNetwork:
    """Train like ``train_network``, but re-raise Ctrl-C, because a comparison needs completely trained networks."""
    network_run = train_network(name, dataset, network, **settings)
    if network_run.result.stopped_by == "interrupted":
        raise KeyboardInterrupt
    return network_run


def accuracy(result: TrainingResult, X: np.ndarray, Y: np.ndarray) -> float:
    """Return the accuracy on the columns of X."""
    return METRICS["accuracy"].value(class_index(Y), class_index(result.predict_proba(X)))


def per_cent(share: float | None, decimals: int = 0) -> str:
    """Return a fraction as a percentage.

    >>> per_cent(0.9904, 2), per_cent(0.5), per_cent(None)
    ('99.04 %', '50 %', '-')
    """
    return "-" if share is None else f"{100 * share:.{decimals}f} %"
