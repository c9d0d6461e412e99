"""What the commands that look at a model read: the model and its examples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from ..data import Dataset

MODEL_HELP = "A model file that ellayer wrote."
DATA_HELP = "A file of examples, or a named data set such as flower."


@dataclass(frozen=True)
class Examples:
    """Examples as a data set has them: columns, with targets."""

    dataset: Dataset

    @property
    def m(self) -> int:
        """Number of examples."""
        return self.dataset.X.shape[1]

    def of(self, model: Any, rows: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return X and Y as a model takes them: columns, or rows and labels for an estimator."""
        X, Y = self.dataset.X[:, :rows], self.dataset.Y[:, :rows]
        classes = getattr(model, "classes_", None)
        if not hasattr(model, "network_"):
            return X, Y
        if classes is None:
            return X.T, Y.T
        numbers = (Y[0] if len(Y) == 1 else Y.argmax(axis=0)).astype(int)
        return X.T, classes[numbers]


def model_of(path: Path) -> Any:
    """Return the model of a file."""
    from .. import load

    return load(path)


def examples_of(name_or_path: str) -> Examples:
    """Return the examples of a file or a named set."""
    from .. import data

    return Examples(data.load(name_or_path))
