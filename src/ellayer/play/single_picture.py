"""The prediction of a run for one picture of the user."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np

from .._json import finite
from ..core.inference import class_index, class_probabilities, outputs
from ..data.images.picture import load_picture
from ..errors import EllayerError
from .errors import StateError
from .messages import JsonObject
from .run import Run

FEW = 200  # pictures of the training to compare with


def picture_shape(run: Run) -> tuple[int, ...]:
    """Return the shape of the pictures that a run learns.

    Raises
    ------
    StateError
        For other data.
    """
    shape = run.problem.rows.image_shape
    if shape is None or not run.problem.classes:
        raise StateError(
            "data.source",
            f"source: expected a data set of pictures by class, received {run.problem.rows.name}; choose digits",
        )
    return shape


def read_picture(body: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """Return the bytes of a picture as one example, (n_x, 1), from 0 to 1.

    Raises
    ------
    EllayerError
        For content that is no picture.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "picture")
        path.write_bytes(body)
        try:
            return load_picture(path, shape)
        except EllayerError as error:
            raise EllayerError(str(error).replace(str(path), "the file")) from None


def predict_picture(run: Run, x: np.ndarray, invert: bool) -> JsonObject:
    """Return the probability of each class for a picture, and the picture as the network receives it.

    Parameters
    ----------
    run : Run
    x : array, shape (n_x, 1)
    invert : bool
        Whether light and dark are exchanged, such as for a dark digit on white.
    """
    problem, shape = run.problem, picture_shape(run)
    if len(x) != math.prod(shape):
        raise StateError("data.source", "the data have changed; drop the picture again")
    x = 1.0 - x if invert else x
    with np.errstate(all="ignore"):
        AL, _ = outputs(problem.prepare(x), run.parameters, run.network)
    P = class_probabilities(AL)
    pixels = np.moveaxis(x.reshape(shape), -1, 0) if len(shape) == 3 else x.reshape(shape)
    return {
        "width": shape[1],
        "height": shape[0],
        "channels": shape[2] if len(shape) == 3 else 1,
        "pixels": (255 * pixels).round().astype(int).ravel().tolist(),
        "classes": [
            {"name": name, "probability": finite(p)} for name, p in zip(problem.classes, P[:, 0], strict=True)
        ],
        "prediction": problem.classes[int(class_index(AL)[0])],
        "notes": _notes(problem.in_units(problem.train[:FEW]), x),
    }


def _notes(X: np.ndarray, x: np.ndarray) -> list[str]:
    """Return a note for a picture that is lighter or darker than all of the training, if its inverse is not."""
    means, mean = X.mean(axis=0), x.mean()
    low, high = means.min(), means.max()
    if low <= mean <= high or not low <= 1.0 - mean <= high:
        return []
    return [
        f"it is {'darker' if mean < low else 'lighter'} than the pictures of the training; try to invert it"
    ]
