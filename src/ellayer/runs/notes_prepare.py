"""From a data set to what is trained on: test examples held out, features standardised."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..core.inference import class_index
from .notes_recipes import Recipe

if TYPE_CHECKING:
    from ..data import Dataset


@dataclass(frozen=True)
class Standardised:
    """x becomes (x - mean) / scale, feature by feature; both of shape (n_x, 1)."""

    mean: np.ndarray
    scale: np.ndarray

    def __call__(self, X: np.ndarray) -> np.ndarray:
        return (X - self.mean) / self.scale


def prepare(dataset: Dataset, recipe: Recipe) -> tuple[Dataset, Standardised | None, list[str]]:
    """Hold out and standardise as the recipe says; mean and spread come from the training part.

    Parameters
    ----------
    dataset : Dataset
    recipe : Recipe

    Returns
    -------
    dataset : Dataset
        With its test part.
    standardised : Standardised or None
        What was done to every example.
    notes : list of str
        What was done, in words.
    """
    notes = []
    if dataset.X_test is None and recipe.held_out:
        dataset = _hold_out(dataset, recipe)
        assert dataset.X_test is not None
        notes.append(
            f"{dataset.X_test.shape[1]} of the {dataset.X.shape[1] + dataset.X_test.shape[1]} examples were held "
            f"out for the test, every class in its share"
        )
    if not recipe.standardise:
        return dataset, None, notes
    spread = dataset.X.std(axis=1, keepdims=True)
    rule = Standardised(dataset.X.mean(axis=1, keepdims=True), np.where(spread > 0, spread, 1.0))
    notes.append(
        "every feature was standardised (mean 0, spread 1 on the training part); the saved model does so itself"
    )
    X_test = None if dataset.X_test is None else rule(dataset.X_test)
    return replace(dataset, X=rule(dataset.X), X_test=X_test), rule, notes


def _hold_out(dataset: Dataset, recipe: Recipe) -> Dataset:
    from sklearn.model_selection import train_test_split

    labels = class_index(dataset.Y)
    kept, held = train_test_split(
        np.arange(len(labels)), test_size=recipe.held_out, random_state=0, stratify=labels
    )
    return replace(
        dataset,
        X=dataset.X[:, kept],
        Y=dataset.Y[:, kept],
        X_test=dataset.X[:, held],
        Y_test=dataset.Y[:, held],
    )
