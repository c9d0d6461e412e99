"""The goals: ratios of two measured numbers, and the bound each has to keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Measured = Mapping[tuple[str, str, str], float]
"""(workload, contender, column) -> seconds; columns are "fresh" and "second"."""


@dataclass(frozen=True)
class Goal:
    """``numerator / denominator``, each (contender, column), is at least or at most ``bound``."""

    workload: str
    numerator: tuple[str, str]
    denominator: tuple[str, str]
    bound: float
    at_least: bool = True

    def ratio(self, measured: Measured) -> float | None:
        """Return the ratio, or None where one of the two was not measured."""
        keys = [(self.workload, *key) for key in (self.numerator, self.denominator)]
        return measured[keys[0]] / measured[keys[1]] if all(key in measured for key in keys) else None

    def row(self, measured: Measured) -> dict | None:
        """Return the goal's row of the table."""
        ratio = self.ratio(measured)
        if ratio is None:
            return None
        words = {"fresh": "fresh process", "second": "second call"}
        names = [f"{name} ({words[column]})" for name, column in (self.numerator, self.denominator)]
        return judge(self.workload, " / ".join(names), ratio, self.bound, self.at_least)


def judge(workload: str, what: str, ratio: float, bound: float, at_least: bool) -> dict:
    """Return a row: what was compared, what was wanted, what came."""
    reached = ratio >= bound if at_least else ratio <= bound
    wanted = f"{'≥' if at_least else '≤'} {bound:g}"
    return {
        "workload": workload,
        "ratio of": what,
        "goal": wanted,
        "measured": ratio,
        "reached": bool(reached),
    }


def _faster(workload: str, peer: str, bound: float, contender: str = "ellayer-warm") -> Goal:
    return Goal(workload, (peer, "second"), (contender, "second"), bound)


def _near_limit(workload: str, bound: float) -> Goal:
    return Goal(workload, ("ellayer-warm", "second"), ("limit", "second"), bound, at_least=False)


GOALS = (
    _faster("cats", "notes", 80),
    _faster("cats", "torch", 50),
    Goal("cats", ("notes", "fresh"), ("ellayer", "fresh"), 10),
    _faster("logistic", "notes", 200),
    _faster("flower", "notes", 5, "ellayer-jax"),
    _faster("flower", "torch", 20, "ellayer-jax"),
    Goal("flower", ("notes", "fresh"), ("ellayer", "fresh"), 1),
    _faster("flower", "notes", 1, "ellayer-numpy"),
    _faster("mnist", "sklearn", 3),
    _faster("mnist", "torch", 1.8),
    _near_limit("mnist", 1.7),
    _faster("small", "sklearn", 8),
    _faster("small", "torch", 10),
    _faster("medium", "sklearn", 2.5),
    _faster("medium", "torch", 1.4),
    _faster("large", "sklearn", 2.5),
    _faster("large", "torch", 1),
    _near_limit("large", 1.4),
    _faster("many", "ellayer-one-by-one", 5, "ellayer"),
)


AUTO = (
    ("ellayer", "fresh", "fresh process"),
    ("ellayer-warm", "second", "second call, program compiled before"),
)


def auto_rows(measured: Measured) -> list[dict]:
    """Return, for each workload, how much slower ``auto`` was than the better of the two loops."""
    rows = []
    for workload in dict.fromkeys(key[0] for key in measured):
        for contender, column, words in AUTO:
            loops = [measured.get((workload, f"ellayer-{loop}", column)) for loop in ("numpy", "jax")]
            auto = measured.get((workload, contender, column))
            if auto is not None and None not in loops:
                what = f"auto / the better loop ({words})"
                rows.append(judge(workload, what, auto / min(loops), 1.3, False))
    return rows
