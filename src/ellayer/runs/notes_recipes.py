"""Default settings of ``ellayer train NAME``: one row per named data set."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UsageError


@dataclass(frozen=True)
class Recipe:
    """Defaults of a data set; the defaults of the class are those of the notes for the flower.

    Parameters
    ----------
    layers : tuple of int
        Sizes of the hidden layers.
    activation, initializer : str
    seed : int
    learning_rate : float
    iterations : int
    baseline_rate : float
        Learning rate of the network without a hidden layer, which starts from zeros.
    baseline_iterations : int
    standardise : bool
        Standardise every feature to mean 0 and standard deviation 1, for features in different units.
    held_out : float
        Fraction of test examples, if the source has no test set.
    """

    layers: tuple[int, ...] = (4,)
    activation: str = "tanh"
    initializer: str = "randn"
    seed: int = 2
    learning_rate: float = 1.2
    iterations: int = 10000
    baseline_rate: float = 1.2
    baseline_iterations: int = 10000
    standardise: bool = False
    held_out: float = 0.0


def _table(layers: tuple[int, ...], **changes: object) -> Recipe:
    """Return the defaults of scikit-learn's small data sets: ReLU, He initializer, a fifth held out."""
    facts = {"activation": "relu", "initializer": "he_normal", "seed": 1, "learning_rate": 0.1, "iterations": 2000,
             "baseline_rate": 0.1, "baseline_iterations": 2000, "standardise": True, "held_out": 0.2}  # fmt: skip
    return Recipe(layers, **(facts | changes))  # type: ignore[arg-type]


RECIPES: dict[str, Recipe] = {
    "flower": Recipe(),
    "circles": Recipe(),
    "moons": Recipe(),
    "blobs": Recipe(baseline_rate=0.1),
    "gaussian_quantiles": Recipe(),
    "digits": _table((64,), standardise=False, learning_rate=0.5, baseline_rate=0.5, iterations=1000,
                     baseline_iterations=1000),
    "iris": _table((8,)),
    "breast_cancer": _table((16,)),
    "cats": Recipe((20, 7, 5), "relu", "randn_over_sqrt", 1, 0.0075, 2500, 0.005, 2000),
}  # fmt: skip


def check_spreadable(source: object) -> None:
    """Raise for the name of a data set, which several processes cannot read in parts."""
    if isinstance(source, str) and source in RECIPES:
        raise UsageError(
            f"--processes: expected a table, whose rows can be spread, received the named set {source!r}; omit the option"
        )
