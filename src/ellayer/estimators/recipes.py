"""Named recipes of the table estimators: numbers and names only, apart from the code that follows them.

"simple" and "full" are RealMLP's TD-S and TD (Holzmüller, Grinsztajn, Steinwart, NeurIPS 2024).
"""

from __future__ import annotations

from typing import Any, TypedDict


class Recipe(TypedDict):
    """What a network for a table is made of and trained with.

    ``learning_rate_factors`` multiply the rate by kind; that of W^[l] is 1 / sqrt(n_{l-1}) besides, the
    parametrisation in which z = W a / sqrt(n_{l-1}) + b has W of unit spread. ``embed_numbers`` puts
    cosines before the first layer, ``embed_categories_above`` vectors for categories of more levels.
    ``start`` is "normal" (W, b ~ N(0, 1) in that parametrisation) or "data" (units of unit spread on the
    data, with kinks among the examples).
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
    embed_numbers: bool
    embed_categories_above: int | None
    start: str


_SIMPLE: dict[str, Any] = {
    "parametric": False,
    "learning_rate_factors": {"s": 6.0, "b": 0.1},
    "optimizer": "adam(beta2=0.95)",
    "schedule": "log_cosine",
    "weight_decay": 0.0,
    "dropout": 0.0,
    "label_smoothing": 0.1,
    "embed_numbers": False,
    "embed_categories_above": None,
    "start": "normal",
}
_FULL: dict[str, Any] = {
    **_SIMPLE,
    "parametric": True,
    "learning_rate_factors": {"s": 6.0, "b": 0.1, "a": 0.1, "f": 0.1, "p": 0.1, "V": 0.1, "c": 0.1, "E": 0.1},
    "weight_decay": 0.02,
    "dropout": 0.15,
    "embed_numbers": True,
    "embed_categories_above": 8,
    "start": "data",
}

RECIPES: dict[str, dict[str, Recipe]] = {
    "simple": {
        "classes": Recipe(**{**_SIMPLE, "activation": "selu", "learning_rate": 0.04}),  # type: ignore[typeddict-item]
        "numbers": Recipe(**{**_SIMPLE, "activation": "mish", "learning_rate": 0.07}),  # type: ignore[typeddict-item]
    },
    "full": {
        "classes": Recipe(**{**_FULL, "activation": "selu", "learning_rate": 0.04}),  # type: ignore[typeddict-item]
        "numbers": Recipe(**{**_FULL, "activation": "mish", "learning_rate": 0.2}),  # type: ignore[typeddict-item]
    },
}


def find_recipe(name: str, task: str) -> Recipe:
    """Return the recipe of a name for "classes" or "numbers".

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
    return RECIPES[name][task]
