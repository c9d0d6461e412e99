"""Named recipes of the table estimators: numbers and names only, apart from the code that follows them.

"simple" and "full" are RealMLP's TD-S and TD (Holzmüller, Grinsztajn, Steinwart, NeurIPS 2024). "ramps"
is what the study of tables (docs/study-of-tables.md) found to be better on average, and faster.
"""

from __future__ import annotations

from typing import Any, TypedDict


class Recipe(TypedDict):
    """What a network for a table is made of and trained with.

    ``learning_rate_factors`` multiply the rate by kind; that of W^[l] is 1 / sqrt(n_{l-1}) besides, the
    parametrisation in which z = W a / sqrt(n_{l-1}) + b has W of unit spread. ``cosines`` and ``ramps``
    (so many per number at most) stand before the first layer, ``embed_categories_above`` vectors for
    categories of more levels. ``start`` is "normal" (W, b ~ N(0, 1) in that parametrisation) or "data"
    (units of unit spread on the data, with kinks among the examples). Where no number of epochs is asked
    for, there are as many as make ``updates`` updates, within ``epochs`` (fewest, most).
    """

    activation: str
    parametric: bool
    learning_rate: float
    learning_rate_factors: dict[str, float]
    optimizer: str
    schedule: str
    weight_decay: float
    dropout: float
    label_smoothing: float
    cosines: bool
    ramps: int
    embed_categories_above: int | None
    start: str
    updates: int
    epochs: tuple[int, int]


_SIMPLE: dict[str, Any] = {
    "parametric": False,
    "learning_rate_factors": {"s": 6.0, "b": 0.1},
    "optimizer": "adam(beta2=0.95)",
    "schedule": "log_cosine",
    "weight_decay": 0.0,
    "dropout": 0.0,
    "label_smoothing": 0.1,
    "cosines": False,
    "ramps": 0,
    "embed_categories_above": None,
    "start": "normal",
    "updates": 0,
    "epochs": (256, 256),
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
    "schedule": "one_cycle(peak=0.2)",
    "cosines": False,
    "ramps": 48,
    "updates": 600,
    "epochs": (8, 64),
}

RECIPES: dict[str, dict[str, Recipe]] = {
    name: {
        "classes": Recipe(**{**recipe, "activation": "selu", "learning_rate": classes}),  # type: ignore[typeddict-item]
        "numbers": Recipe(**{**recipe, "activation": "mish", "learning_rate": numbers}),  # type: ignore[typeddict-item]
    }
    for name, recipe, classes, numbers in (
        ("ramps", _RAMPS, 0.04, 0.02),
        ("simple", _SIMPLE, 0.04, 0.07),
        ("full", _FULL, 0.04, 0.2),
    )
}


def find_recipe(name: str, task: str, learning_rate: float | None = None) -> Recipe:
    """Return the recipe of a name for "classes" or "numbers", with another learning rate where one is given.

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
        raise ValueError(f"recipe: expected one of {', '.join(RECIPES)}; received {name!r}")
    recipe = RECIPES[name][task]
    return recipe if learning_rate is None else {**recipe, "learning_rate": learning_rate}
