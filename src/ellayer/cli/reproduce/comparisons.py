"""Comparisons of a published number with the one obtained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ...runs.notes_networks import TrainedNetwork, per_cent


@dataclass(frozen=True)
class Comparison:
    """A published number and the one obtained.

    Parameters
    ----------
    experiment, quantity : str
    published, obtained : str
        As printed; "" if nothing is published.
    matches : bool or None
        None if nothing is published to compare with.
    """

    experiment: str
    quantity: str
    published: str
    obtained: str
    matches: bool | None

    @property
    def verdict(self) -> str:
        """The result of the comparison as one word."""
        return {True: "matches", False: "DIFFERS", None: "shown"}[self.matches]


def compare_training(
    experiment: str, model: TrainedNetwork, costs: Mapping[int, str], accuracies: Mapping[str, str]
) -> list[Comparison]:
    """Compare the costs and accuracies of a network; see ``compare_costs`` and ``compare_accuracies``."""
    return [*compare_costs(experiment, model, costs), *compare_accuracies(experiment, model, accuracies)]


def compare_costs(
    experiment: str,
    model: TrainedNetwork,
    published: Mapping[int, str],
    ranges: Mapping[int, tuple[float, float]] | None = None,
) -> list[Comparison]:
    """Compare costs: to every digit printed, or with a range if there is one.

    Parameters
    ----------
    experiment : str
    model : TrainedNetwork
    published : mapping of int to str
        Cost by iteration.
    ranges : mapping of int to (float, float), optional
        By iteration.
    """
    ranges = ranges or {}
    costs = dict(zip(*model.curve, strict=True))
    rows = []
    for iteration, text in published.items():
        cost = costs.get(iteration, math.nan)
        obtained, expected = f"{cost:.6f}", text
        matches = obtained == text
        if iteration in ranges:
            low, high = ranges[iteration]
            matches, expected = low <= cost <= high, f"{text} ({low} to {high})"
        rows.append(Comparison(experiment, f"cost at {iteration}", expected, obtained, matches))
    return rows


def compare_accuracies(
    experiment: str, model: TrainedNetwork, published: Mapping[str, str]
) -> list[Comparison]:
    """Compare accuracies to the second decimal of a per cent.

    Parameters
    ----------
    experiment : str
    model : TrainedNetwork
    published : mapping of str to str
        "training" and "test", like "99.04 %".
    """
    values = {"training": model.train_accuracy, "test": model.test_accuracy}
    rows = []
    for part, text in published.items():
        obtained = per_cent(values[part], 2)
        rows.append(Comparison(experiment, f"{part} accuracy", text, obtained, obtained == text))
    return rows
