"""What the commands that look at a model read: the model and its examples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .saved_model import Saved

MODEL_HELP = "A model file that ellayer wrote, or the folder of a run."
DATA_HELP = "A file like the one trained on, or a named data set such as flower."


@dataclass(frozen=True)
class Looked:
    """A model and examples as it takes them: columns for a network, rows and labels for an estimator.

    Attributes
    ----------
    model : estimator, TrainingResult, or (Network, parameters)
    X, Y : arrays, or X a table
    rows_first : bool
    """

    model: Any
    X: Any
    Y: Any
    rows_first: bool

    @property
    def m(self) -> int:
        """Number of examples."""
        return self.X.shape[0 if self.rows_first else 1]

    def first(self, rows: int | None) -> tuple[Any, Any]:
        """Return X and Y of the first so many examples; None is all of them."""
        if self.rows_first:
            return self.X[:rows], self.Y[:rows]
        return self.X[:, :rows], self.Y[:, :rows]


def look_at(model: Path, file: str) -> Looked:
    """Return a stored model, and the examples of a file or a named set as it takes them.

    What was trained on a file of rows reads another one alike; what was trained on a named set, or from
    Python, takes a named set or the notes' HDF5 files.
    """
    from .saved_model import open_model

    saved = open_model(model)
    if hasattr(saved.model, "preparation_"):
        return _rows_of_a_table(saved, file)
    from .. import data
    from ..core.inference import class_index

    dataset = data.load(file)
    X, Y = dataset.X, dataset.Y
    if not hasattr(saved.model, "network_"):
        return Looked(saved.model, X, Y, rows_first=False)
    classes = getattr(saved.model, "classes_", None)
    if classes is None:
        return Looked(saved.model, X.T, Y.T, rows_first=True)
    return Looked(saved.model, X.T, classes[class_index(Y)], rows_first=True)


def _rows_of_a_table(saved: Saved, file: str) -> Looked:
    from .saved_model import truth_of

    examples = saved.examples(file, None, True, {})
    return Looked(saved.model, examples.X, truth_of(saved, examples.y, str(examples.target)), rows_first=True)
