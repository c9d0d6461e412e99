"""Named recipes of the table estimators: only numbers and names, separate from the code that uses them.

"simple" and "full" are RealMLP's TD-S and TD (Holzmüller, Grinsztajn, Steinwart, NeurIPS 2024). "ramps"
is better on average and faster in the study of tables (docs/study-of-tables.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, TypeVar, cast

from ...core.inputs import Inputs
from ...core.network import Network
from ...core.parameter_names import kind_of
from ...errors import EllayerError

T = TypeVar("T")

TITLES = {  # of the values of the parameter ``model``, by task
    "network": {"classes": "the network", "numbers": "the network"},
    "linear": {"classes": "logistic regression", "numbers": "linear regression"},
    "boosting": {"classes": "gradient boosting", "numbers": "gradient boosting"},
}

EXAMPLES = 50_000_000  # per fit by default: fewer epochs than those of the recipe for very many rows
MOST_RAMPS = 512  # of all numbers in total


class Recipe(TypedDict):
    """Architecture and training settings of a network for a table.

    ``learning_rate_factors`` multiply the rate by kind; that of W^[l] is also divided by sqrt(n_{l-1}), the
    parametrisation z = W a / sqrt(n_{l-1}) + b in which W has unit variance. ``cosines`` and ``ramps``
    (per number) are before the first layer; categories with more levels than
    ``embed_categories_above`` are embedded. ``start`` is "normal" (W, b ~ N(0, 1) in that parametrisation) or "data"
    (units of unit variance on the data, with kinks among the examples). The default number of epochs is
    that of ``updates`` updates, within ``epochs`` (minimum, maximum). ``learning_rate``,
    ``ramps`` and the default ``hidden`` layers are (rows, value) pairs: the value of the last pair whose
    number of rows is reached applies.
    """

    activation: str | Sequence[str]
    parametric: bool
    learning_rate: tuple[tuple[int, float], ...]
    learning_rate_factors: dict[str, float]
    optimizer: str
    schedule: str
    weight_decay: float
    l2: float
    dropout: float
    patience: int | None
    label_smoothing: float
    cosines: bool
    ramps: tuple[tuple[int, int], ...]
    embed_categories_above: int | None
    start: str
    updates: int
    epochs: tuple[int, int]
    hidden: tuple[tuple[int, tuple[int, ...]], ...]


_SIMPLE: dict[str, Any] = {
    "parametric": False,
    "learning_rate_factors": {"s": 6.0, "b": 0.1},
    "optimizer": "adam(beta2=0.95)",
    "schedule": "log_cosine",
    "weight_decay": 0.0,
    "l2": 0.0,
    "dropout": 0.0,
    "patience": None,
    "label_smoothing": 0.1,
    "cosines": False,
    "ramps": ((0, 0),),
    "embed_categories_above": None,
    "start": "normal",
    "updates": 0,
    "epochs": (256, 256),
    "hidden": ((0, (256, 256, 256)),),
}
_FULL: dict[str, Any] = {
    **_SIMPLE,
    "parametric": True,
    "learning_rate_factors": {
        "s": 6.0, "b": 0.1, "a": 0.1, "f": 0.1, "p": 0.1, "V": 0.1, "c": 0.1, "E": 0.1, "t": 0.0,
    },
    "weight_decay": 0.02,
    "dropout": 0.15,
    "cosines": True,
    "embed_categories_above": 8,
    "start": "data",
}  # fmt: skip
_RAMPS: dict[str, Any] = {
    **_FULL,
    "schedule": "log_cosine(cycles=3)",
    "weight_decay": 0.1,
    "dropout": 0.1,
    "cosines": False,
    "ramps": ((0, 0), (3_000, 48)),
    "epochs": (8, 64),
    "hidden": ((0, (64, 64)), (3_000, (128, 128))),
}
_CLASSES: dict[str, Any] = {"activation": "selu", "learning_rate": ((0, 0.04),)}
_NUMBERS: dict[str, Any] = {"activation": "mish", "learning_rate": ((0, 0.07),)}


def _recipe(*parts: dict[str, Any], **last: object) -> Recipe:
    merged: dict[str, Any] = {}
    for part in (*parts, last):
        merged |= part
    return cast(Recipe, merged)


RECIPES: dict[str, dict[str, Recipe]] = {
    "ramps": {
        "classes": _recipe(_RAMPS, _CLASSES, learning_rate=((0, 0.02), (3_000, 0.04)), updates=800),
        "numbers": _recipe(_RAMPS, _NUMBERS, learning_rate=((0, 0.02), (3_000, 0.06)), updates=1_500),
    },
    "simple": {"classes": _recipe(_SIMPLE, _CLASSES), "numbers": _recipe(_SIMPLE, _NUMBERS)},
    "full": {
        "classes": _recipe(_FULL, _CLASSES),
        "numbers": _recipe(_FULL, _NUMBERS, learning_rate=((0, 0.2),)),
    },
}


# Entries of a recipe that are parameters of the estimators too; None is the recipe's own.
CHANGES = ("learning_rate", "activation", "optimizer", "weight_decay", "l2", "dropout", "patience")


def find_recipe(name: str, task: str, changes: Mapping[str, Any] | None = None) -> Recipe:
    """Return the recipe of a name for "classes" or "numbers", with other entries if given.

    Parameters
    ----------
    name : str
    task : "classes" or "numbers"
    changes : mapping, optional
        Values of ``CHANGES``; those that are None are ignored.

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> find_recipe("simple", "classes")["activation"]
    'selu'
    """
    if name not in RECIPES:
        raise EllayerError(f"recipe: expected one of {', '.join(RECIPES)}; received {name!r}")
    chosen = {key: value for key in CHANGES if (value := (changes or {}).get(key)) is not None}
    if "learning_rate" in chosen:
        chosen["learning_rate"] = ((0, chosen["learning_rate"]),)
    return cast(Recipe, {**RECIPES[name][task], **chosen})


def make_network(
    recipe: Recipe,
    hidden: Sequence[int] | None,
    n_x: int,
    outputs: int,
    loss: str,
    numbers: int,
    codes: tuple[int, ...],
    m: int,
) -> Network:
    """Return the network of a recipe for a prepared table with m rows; None takes the recipe's hidden layers."""
    ramps = min(value_at(recipe["ramps"], m), MOST_RAMPS // max(numbers, 1))
    frequencies = 16 if recipe["cosines"] else 0
    embedded = numbers if ramps or frequencies else 0
    inputs = Inputs(
        numbers=embedded,
        frequencies=frequencies,
        categories=codes,
        scaling=True,
        ramps=ramps if embedded else 0,
    )
    hidden = value_at(recipe["hidden"], m) if hidden is None else hidden
    return Network(
        [n_x, *hidden, outputs], recipe["activation"], loss, parametric=recipe["parametric"], inputs=inputs
    )


def rate_factors(network: Network, recipe: Recipe) -> dict[str, float]:
    """Return the learning-rate factors by kind, and 1 / sqrt(n_{l-1}) for each W^[l]."""
    kinds = set(map(kind_of, network.shapes))
    factors = {kind: f for kind, f in recipe["learning_rate_factors"].items() if kind in kinds}
    return factors | {f"W{l}": 1.0 / math.sqrt(n) for l, n in enumerate(network.widths[:-1], start=1)}


def epochs_for(epochs: int | None, recipe: Recipe, m: int, batch_size: int) -> int:
    """Return the number of epochs, or if it is None the recipe's for m rows.

    Parameters
    ----------
    epochs : int or None
    recipe : Recipe
    m, batch_size : int

    Returns
    -------
    int

    Examples
    --------
    >>> recipe = {"updates": 600, "epochs": (8, 64)}
    >>> [epochs_for(None, recipe, m, 256) for m in (100, 5_000, 20_000, 20_000_000)]
    [64, 30, 8, 2]
    """
    if epochs is not None:
        return epochs
    fewest, most = recipe["epochs"]
    epochs = min(max(recipe["updates"] // steps_per_epoch(m, batch_size), fewest), most)
    return min(epochs, max(1, EXAMPLES // m))


def value_at(steps: Sequence[tuple[int, T]], m: int) -> T:
    """Return the value for m rows from (rows, value) pairs: that of the last pair whose rows m reaches.

    Parameters
    ----------
    steps : sequence of (int, value)
        In ascending order; the first begins at 0 rows.
    m : int

    Examples
    --------
    >>> steps = ((0, "few"), (3_000, "many"))
    >>> value_at(steps, 2_999), value_at(steps, 3_000)
    ('few', 'many')
    """
    return next(value for rows, value in reversed(steps) if m >= rows)


def steps_per_epoch(m: int, batch_size: int) -> int:
    """Return the number of updates in an epoch."""
    return max(1, -(-m // batch_size))
