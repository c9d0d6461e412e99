"""Check that the rows of a later file go with those of training: their kind, columns and targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._wording import quoted_list
from ..errors import UsageError

if TYPE_CHECKING:
    from ..data import Examples


def check_inputs(
    examples: Examples, file: str, features: Sequence[str], image_shape: object, origin: str
) -> None:
    """Refuse images for a table, a table for images, and a table that lacks columns.

    Parameters
    ----------
    examples : Examples
        The rows of the later file.
    file : str
    features : sequence of str
        Names of the columns that the model takes.
    image_shape : tuple, list or None
        Shape of the images in training.
    origin : str
        The model or training file, for the message.

    Raises
    ------
    UsageError
    """
    expected, received = ("images" if shape else "a table" for shape in (image_shape, examples.image_shape))
    if expected != received:
        raise UsageError(f"expected {expected}, as in {origin}, but {file} holds {received}")
    columns: Sequence[str] = getattr(examples.X, "columns", features)
    missing = [name for name in features if name not in columns]
    if missing:
        lower = {name.lower(): name for name in columns}
        alike = [f"{lower[name.lower()]!r} for {name!r}" for name in missing if name.lower() in lower]
        hint = f"; {', '.join(alike[:3])} differs in case only" if alike else ""
        raise UsageError(
            f"expected the columns of {origin}, but {file} lacks {quoted_list(missing, 10)}; it has "
            f"{quoted_list(columns, 10)}{hint}: add or rename the columns (an unknown value may be left empty)"
        )


def match_targets(examples: Examples, classes: Sequence[Any], file: str) -> np.ndarray:
    """Return the targets of a later file: numbers, or labels of the type of the classes.

    Labels are compared as text where they differ in type. A full stop at the end of every label, as in UCI's
    adult.test, is dropped.

    Parameters
    ----------
    examples : Examples
    classes : sequence
        The labels of training; empty for numbers.
    file : str
        For the message.

    Raises
    ------
    UsageError
        If there are no targets, if they are text instead of numbers, or if none of the labels is known.
    """
    y, column = np.asarray(examples.y), examples.target
    if not len(y):
        raise UsageError(
            f"expected rows with a value of {column!r}, received none in {file}; choose the column with --target"
        )
    if not len(classes):
        try:
            return y.astype(float)
        except (TypeError, ValueError):
            raise UsageError(
                f"{column!r}: expected numbers, as in training, received values like {str(y[0])!r} in {file}; correct "
                "them, or choose another column with --target"
            ) from None
    known, by_text = set(classes), {str(label): label for label in classes}

    def match(ending: str) -> list[Any]:
        texts = (str(label).removesuffix(ending) for label in y.tolist())
        return [
            label if label in known else by_text.get(text, label)
            for label, text in zip(y.tolist(), texts, strict=True)
        ]

    labels = next((labels for end in ("", ".") if known & set(labels := match(end))), None)
    if labels is None:
        raise UsageError(
            f"{column!r}: expected classes that the model knows ({listed_labels(classes)}), received "
            f"{listed_labels(set(y.tolist()))} in {file}; correct them, or choose another column with --target"
        )
    targets = np.empty(len(labels), dtype=object)
    targets[:] = labels
    return targets


def unknown_classes(y: np.ndarray, classes: Sequence[Any]) -> list[str]:
    """Return a message about the labels that training did not have; none for numbers.

    Parameters
    ----------
    y : array, shape (m,)
    classes : sequence
    """
    known = set(classes)
    unknown = [label for label in y.tolist() if label not in known] if known else []
    if not unknown:
        return []
    return [
        f"{len(unknown)} of {len(y)} rows are of classes the model does not know ({listed_labels(set(unknown))}); they "
        "count as wrong"
    ]


def listed_labels(labels: Iterable[object]) -> str:
    """Return the first labels as text, and how many more there are."""
    texts = sorted(str(label) for label in labels)
    return ", ".join(texts[:8]) + (f" and {len(texts) - 8} more" if len(texts) > 8 else "")
