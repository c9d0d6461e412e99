"""A fitted preparation as plain facts: all that a program without Ellayer needs to prepare the same rows."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from .columns import BOOLEANS, MISSING, as_days, as_numbers, as_texts
from .preparation import DAY, SPREAD, WEEK, YEAR, Prepared, TablePreparation

PERIODS = {"year": YEAR, "week": WEEK, "day": DAY}


def plan_of(preparation: TablePreparation) -> list[dict[str, Any]]:
    """Return what is done with each column that is used, in the order of the table.

    The matrix has all parts first, column by column, then what is not "last", then what is.

    Parameters
    ----------
    preparation : TablePreparation
        Fitted.

    Returns
    -------
    list of dict
        "name", "place" in the table, "kind" and "reads": "number", "days" (since 1970, with fractions) or "text". Of
        the first two
        "parts": x or a wave of it, {"wave": "", "sin" or "cos", "period", "whole"} (of whole days), from which
        z = (x - center) / scale and z / sqrt(1 + (z / spread)^2), 0 where there is none; and "missing",
        whether a column is 1 there. Of text "maps": {"values": {text: number}, "otherwise", "one_hot",
        "last"}; with one_hot = K the number k becomes K columns, 1 in column k.

    Examples
    --------
    >>> plan = plan_of(TablePreparation().fit([[1.0, "a"], [3.0, "b"], [None, "c"]]))
    >>> plan[0]["reads"], plan[0]["parts"][0]["center"], plan[0]["missing"]
    ('number', 2.0, True)
    >>> plan[1]["maps"][0]["values"]["b"], plan[1]["maps"][0]["one_hot"]
    (1.0, 3)
    """
    plan, at = [], 0
    for place, made in enumerate(preparation.columns_):
        entry: dict[str, Any] = {"name": made.name, "place": place, "kind": made.kind, "reads": _reads(made)}
        if entry["reads"] == "text":
            entry["maps"] = _maps(made, preparation)
            used = bool(entry["maps"])
        else:
            numbers = zip(made.parts, preparation.center_[at:], preparation.scale_[at:], strict=False)
            entry["parts"] = [_part(part, float(center), float(scale)) for part, center, scale in numbers]
            entry["missing"] = made.indicator
            at += len(made.parts)
            used = bool(made.parts or made.indicator)
        plan += [entry] if used else []
    return plan


def raw_columns(preparation: TablePreparation, X: Any) -> dict[str, np.ndarray]:
    """Return the columns of a table as the plan reads them.

    Parameters
    ----------
    preparation : TablePreparation
    X : frame or array-like of shape (m, n)

    Returns
    -------
    dict of ndarray, each (m, 1)
        Numbers and days as float64 with nan where there is none, text as objects with "" there.
    """
    raw = {}
    for made, column in zip(preparation.columns_, preparation.match(X), strict=True):
        if _reads(made) == "number":
            values = as_numbers(column.values)[0]
        elif _reads(made) == "days":
            values = as_days(column.values, made.date_format)[0]
        else:
            values = np.array([*(text or "" for text in as_texts(column.values).tolist()), None], object)[:-1]
        raw[made.name] = values.reshape(-1, 1)
    return raw


def _reads(made: Prepared) -> str:
    return {"numeric": "number", "date": "days"}.get(made.kind, "text")


def _part(name: str, center: float, scale: float) -> dict[str, Any]:
    """The value itself, or a wave like "week (sin)"."""
    kind = name.split()[0]
    wave = name[-4:-1] if kind in PERIODS else ""
    return {"wave": wave, "period": PERIODS.get(kind), "whole": kind == "week",
            "center": center, "scale": scale, "spread": SPREAD}  # fmt: skip


def _maps(made: Prepared, preparation: TablePreparation) -> list[dict[str, Any]]:
    """From text to numbers: whether it is there, and which level it is."""
    nothing = [text for word in sorted(MISSING) for text in _any_case(word)]
    maps = []
    if made.indicator:
        maps.append(_map(dict.fromkeys(nothing, 1.0), 0.0))
    if made.kind == "boolean":
        truths = {text: 2.0 * truth - 1.0 for word, truth in BOOLEANS.items() for text in _any_case(word)}
        maps.append(_map(truths, 0.0))
    elif made.levels:
        count, rare = len(made.levels) + made.other, float(len(made.levels))
        values = {level: float(k) for k, level in enumerate(made.levels)}
        if made.other:
            values |= dict.fromkeys(nothing, -1.0)
        unknown = rare if made.other else -1.0
        if preparation._is_code(made):
            maps.append(_map(values, unknown, last=True))
        elif count == 2:
            ends = {-1.0: 0.0, 0.0: -1.0, 1.0: 1.0}  # one column, 0 for neither
            maps.append(_map({text: ends[k] for text, k in values.items()}, ends[unknown]))
        else:
            maps.append(_map(values, unknown, one_hot=count))
    return maps


def _map(values: dict[str, float], otherwise: float, one_hot: int = 0, last: bool = False) -> dict[str, Any]:
    """A text is found with a blank before it too: many files have one after the comma."""
    spelled = {f" {text}": value for text, value in values.items()} | values
    return {"values": spelled, "otherwise": otherwise, "one_hot": one_hot, "last": last}


def _any_case(word: str) -> list[str]:
    """Every spelling of a word with small and capital letters.

    >>> _any_case("n/a")
    ['n/a', 'n/A', 'N/a', 'N/A']
    """
    return ["".join(letters) for letters in product(*(sorted({c, c.upper()}, reverse=True) for c in word))]
