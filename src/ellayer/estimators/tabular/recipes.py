"""Named recipes of the table estimators: only numbers and names, separate from the code that uses them.

"simple" and "full" are RealMLP's TD-S and TD (Holzmüller, Grinsztajn, Steinwart, NeurIPS 2024). "ramps"
is better on average and faster in the study of tables (docs/study-of-tables.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast

import numpy as np

from ...core.inputs import Inputs
from ...core.network import Network
from ...core.parameter_names import kind_of
from ...errors import EllayerError

TITLES = {  # of the values of the parameter ``model``, by task
    "network": {"classes": "the network", "numbers": "the network"},
    "linear": {"classes": "logistic regression", "numbers": "linear regression"},
    "boosting": {"classes": "gradient boosting", "numbers": "gradient boosting"},
}

EXAMPLES = 50_000_000  # per fit by default: fewer epochs than those of the recipe for very many rows
MOST_RAMPS = 512  # of all numbers in total
MULTIPLE = 8  # widths and sizes of mini-batches are multiples of it

Points = tuple[tuple[int, float], ...]  # (rows, value), in ascending order of rows; see ``value_at``


class Recipe(TypedDict):
    """Architecture and training settings of a network for a table.

    ``learning_rate_factors`` multiply the rate by kind; that of W^[l] is also divided by sqrt(n_{l-1}), the
    parametrisation z = W a / sqrt(n_{l-1}) + b in which W has unit variance. ``cosines`` and ``ramps``
    (per number) are before the first layer, and the scaling of ramps starts at ``ramp_scale``; categories with
    more levels than ``embed_categories_above`` are embedded. ``start`` is "normal" (W, b ~ N(0, 1) in that
    parametrisation) or "data" (units of unit variance on the data, with kinks among the examples). The default network
    has ``layers`` hidden layers of ``width`` units. Entries of type ``Points`` depend on the number of rows.
    """

    activation: str | Sequence[str]
    parametric: bool
    learning_rate: Points
    learning_rate_factors: dict[str, float]
    optimizer: str
    schedule: str
    weight_decay: Points
    l2: float
    dropout: Points
    patience: int | None
    label_smoothing: float
    cosines: bool
    ramps: Points
    ramp_scale: float
    embed_categories_above: int | None
    start: str
    epochs: Points
    batch_size: Points
    layers: int
    width: Points


_SIMPLE: dict[str, Any] = {
    "parametric": False,
    "learning_rate_factors": {"s": 6.0, "b": 0.1},
    "optimizer": "adam(beta2=0.95)",
    "schedule": "log_cosine",
    "weight_decay": ((0, 0.0),),
    "l2": 0.0,
    "dropout": ((0, 0.0),),
    "patience": None,
    "label_smoothing": 0.1,
    "cosines": False,
    "ramps": ((0, 0),),
    "ramp_scale": 1.0,
    "embed_categories_above": None,
    "start": "normal",
    "epochs": ((0, 256),),
    "batch_size": ((0, 256),),
    "layers": 3,
    "width": ((0, 256),),
}
_FULL: dict[str, Any] = {
    **_SIMPLE,
    "parametric": True,
    "learning_rate_factors": {
        "s": 6.0, "b": 0.1, "a": 0.1, "f": 0.1, "p": 0.1, "V": 0.1, "c": 0.1, "E": 0.1, "t": 0.0,
    },
    "weight_decay": ((0, 0.02),),
    "dropout": ((0, 0.15),),
    "cosines": True,
    "embed_categories_above": 8,
    "start": "data",
}  # fmt: skip
# The sizes are the result of the study of tables, from subsamples of 250 to 12,000 rows (docs/study-of-tables.md):
# few rows need small mini-batches and many epochs, many rows a higher rate and more thresholds. Ramps are needed where the
# function has steps and are harmful where it is smooth, unless their scale starts small.
_RAMPS: dict[str, Any] = {
    **_FULL,
    "schedule": "log_cosine(cycles=3)",
    "weight_decay": ((0, 0.1),),
    "dropout": ((0, 0.1),),
    "cosines": False,
    "ramps": ((2_000, 16), (5_000, 48)),
    "ramp_scale": 0.1,
    "batch_size": ((250, 32), (1_000, 64), (3_000, 96), (12_000, 256)),
    "layers": 2,
    "width": ((0, 128),),
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
        "classes": _recipe(
            _RAMPS,
            _CLASSES,
            learning_rate=((300, 0.015), (1_000, 0.04), (2_500, 0.05)),
            epochs=((250, 24), (500, 16), (12_000, 16), (30_000, 8)),
        ),
        "numbers": _recipe(
            _RAMPS,
            _NUMBERS,
            learning_rate=((2_500, 0.03), (5_000, 0.06)),
            dropout=((0, 0.0),),
            epochs=((1_000, 40), (2_500, 20), (12_000, 20), (50_000, 8)),
        ),
    },
    "simple": {"classes": _recipe(_SIMPLE, _CLASSES), "numbers": _recipe(_SIMPLE, _NUMBERS)},
    "full": {
        "classes": _recipe(_FULL, _CLASSES),
        "numbers": _recipe(_FULL, _NUMBERS, learning_rate=((0, 0.2),)),
    },
}


# Of large tables a fast fit does more updates of a narrow network in the same time.
FAST: dict[str, dict[str, Any]] = {"ramps": {"width": ((2_000, 128), (4_000, 64))}}

# Entries of a recipe that are parameters of the estimators too; None is the recipe's own.
BY_ROWS = ("learning_rate", "weight_decay", "dropout")
CHANGES = ("learning_rate", "activation", "optimizer", "weight_decay", "l2", "dropout", "patience")


def find_recipe(name: str, task: str, changes: Mapping[str, Any] | None = None) -> Recipe:
    """Return the recipe of a name for "classes" or "numbers", with other entries if given.

    Parameters
    ----------
    name : str
    task : "classes" or "numbers"
    changes : mapping, optional
        Values of ``CHANGES``; those that are None are ignored. With the ``preset`` "fast" the entries of ``FAST`` are changed too.

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
    chosen = {
        key: ((0, value),) if key in BY_ROWS else value
        for key in CHANGES
        if (value := (changes or {}).get(key)) is not None
    }
    of_preset = FAST.get(name, {}) if (changes or {}).get("preset") == "fast" else {}
    return cast(Recipe, {**RECIPES[name][task], **of_preset, **chosen})


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
    ramps = min(round(value_at(recipe["ramps"], m)), MOST_RAMPS // max(numbers, 1))
    frequencies = 16 if recipe["cosines"] else 0
    embedded = numbers if ramps or frequencies else 0
    inputs = Inputs(
        numbers=embedded,
        frequencies=frequencies,
        categories=codes,
        scaling=True,
        ramps=ramps if embedded else 0,
    )
    hidden = [_multiple(value_at(recipe["width"], m))] * recipe["layers"] if hidden is None else hidden
    return Network(
        [n_x, *hidden, outputs], recipe["activation"], loss, parametric=recipe["parametric"], inputs=inputs
    )


def rate_factors(network: Network, recipe: Recipe) -> dict[str, float]:
    """Return the learning-rate factors by kind, and 1 / sqrt(n_{l-1}) for each W^[l]."""
    kinds = set(map(kind_of, network.shapes))
    factors = {kind: f for kind, f in recipe["learning_rate_factors"].items() if kind in kinds}
    return factors | {f"W{l}": 1.0 / math.sqrt(n) for l, n in enumerate(network.widths[:-1], start=1)}


def epochs_for(epochs: int | None, recipe: Recipe, m: int) -> int:
    """Return the number of epochs, or if it is None the recipe's for m rows.

    Parameters
    ----------
    epochs : int or None
    recipe : Recipe
    m : int

    Returns
    -------
    int

    Examples
    --------
    >>> recipe = {"epochs": ((1_000, 64), (16_000, 8))}
    >>> [epochs_for(None, recipe, m) for m in (100, 4_000, 20_000, 20_000_000)]
    [64, 36, 8, 2]
    """
    if epochs is not None:
        return epochs
    return min(round(value_at(recipe["epochs"], m)), max(1, EXAMPLES // m))


def batch_size_for(batch_size: int | None, recipe: Recipe, m: int) -> int:
    """Return the size of the mini-batches; None is replaced by the recipe's size for m rows."""
    return _multiple(value_at(recipe["batch_size"], m)) if batch_size is None else batch_size


def value_at(points: Points, m: int) -> float:
    """Return the value for m rows: linear in the logarithm of the rows between points, constant outside.

    Parameters
    ----------
    points : sequence of (int, float)
        In ascending order of rows.
    m : int

    Examples
    --------
    >>> points = ((1_000, 10.0), (16_000, 30.0))
    >>> [value_at(points, m) for m in (10, 1_000, 4_000, 20_000)]
    [10.0, 10.0, 20.0, 30.0]
    """
    rows, values = zip(*points, strict=True)
    return float(np.interp(math.log2(max(m, 1)), [math.log2(max(n, 1)) for n in rows], values))


def _multiple(size: float) -> int:
    return max(1, round(size / MULTIPLE)) * MULTIPLE


def steps_per_epoch(m: int, batch_size: int) -> int:
    """Return the number of updates in an epoch."""
    return max(1, -(-m // batch_size))
