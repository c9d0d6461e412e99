"""What a report says in words: numbers as people write them, and sentences that say no more than the rows can tell."""

from __future__ import annotations

import math

import numpy as np

from ..core.metrics import METRICS
from .run_facts import RunFacts
from .scores import Score, differences

_IN_UNITS = ("rmse", "mae")  # of the target


def number(value: float | None) -> str:
    """Return a number in at most four digits that count.

    >>> number(0.84372), number(48936.2), number(1234567.0), number(float("nan")), number(0.0)
    ('0.8437', '48,936', '1,234,567', '–', '0')
    """
    if value is None or not math.isfinite(value):
        return "–"
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}").replace("-", "−")


def shown(name: str, value: float | None) -> str:
    """Return a score as text: shares in per cent, errors in three digits, what has no unit to three places.

    >>> shown("accuracy", 0.8492), shown("rmse", 2.3), shown("rmse", 150.2), shown("r2", -4e-6), shown("roc_auc", float("nan"))
    ('84.9 %', '2.30', '150', '0.000', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if METRICS[name].share:
        return f"{100 * value:.1f} %"
    if abs(value) >= 1000:
        return number(value)
    text = f"{value:#.3g}".rstrip(".") if name in _IN_UNITS else f"{value:.3f}"
    return text.removeprefix("-" if float(text) == 0 else "").replace("-", "−")


def interval(name: str, score: Score) -> str:
    """Return a score's 95 % interval as text, a dash where there is none.

    >>> interval("accuracy", Score(0.85, 0.8, 0.9))
    '80.0 to 90.0 %'
    """
    if not (math.isfinite(score.low) and math.isfinite(score.high)):
        return "–"
    low = shown(name, score.low).removesuffix(" %")
    return f"{low} to {shown(name, score.high)}"


def seconds(value: float) -> str:
    """Return a time as people say it.

    >>> seconds(0.123), seconds(75.0), seconds(7300.0)
    ('0.12 s', '1 min 15 s', '2 h 1 min')
    """
    if value < 60:
        return f"{value:.2g} s" if value < 10 else f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def many(count: int, what: str) -> str:
    """Return a count with its noun: "1 row", "2,000 rows".

    >>> many(1, "row"), many(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def thing(facts: RunFacts) -> str:
    """Return what one example is called."""
    return "row" if facts.images is None else "image"


def held_out(facts: RunFacts) -> str:
    """Return what the examples are that the models are judged on."""
    return facts.held_out_on.replace("rows", f"{thing(facts)}s")


def unbroken(text: str) -> str:
    """Return a text whose percent signs stay with their numbers."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def verdict(facts: RunFacts, scored: dict[str, dict[str, Score]]) -> list[str]:
    """Return what was learned, and how good that is against simpler models, as sentences.

    Parameters
    ----------
    facts : RunFacts
    scored : dict of str to dict of str to Score
        By model.
    """
    if not scored:
        return [
            f"No {thing(facts)}s were held out, so nothing can be said about how well {facts.target} is predicted."
        ]
    name = "accuracy" if facts.task == "classes" else "rmse"
    ours, *others = facts.models
    score, m = scored[ours.name][name], len(facts.y)
    said = ", ".join(f"{other.name} {'in ' if facts.task == 'classes' else ''}{shown(name, scored[other.name][name].value)}"
                     for other in others)  # fmt: skip
    on = held_out(facts) if m != 1 else held_out(facts).replace(f"{thing(facts)}s", thing(facts))
    if facts.task == "classes":
        first = f"{_start(ours.name)} is right in {shown(name, score.value)} of {m:,} {on}"
    else:
        mean = scored[ours.name]["mae"].value
        first = f"{_start(ours.name)} is off by {number(mean)} on average over {m:,} {on}; its RMSE is {number(score.value)}"
    between = interval(name, score)
    first += "" if between == "–" else f" (95 % interval: {between})"
    return [first + (f"; {said}." if said else "."), *_comparison(facts, name)]


def _comparison(facts: RunFacts, name: str) -> list[str]:
    """How sure the lead over each other model is."""
    ours, *others = facts.models
    found = []
    for other in others:
        lead = differences(facts.y, ours, other, facts.classes or None, [name])[name]
        if not math.isfinite(lead.low):
            continue
        value, low, high = (_lead(name, end) for end in (lead.value, lead.low, lead.high))
        unit = "percentage points" if METRICS[name].share else f"of {METRICS[name].title}"
        if lead.low == lead.high == 0:
            found.append(f"It does exactly as well as {other.name}.")
        elif lead.low > 0:
            found.append(f"It is better than {other.name} by {value} {unit} (95 %: {low} to {high}).")
        elif lead.high < 0:
            value, low, high = (_lead(name, -end) for end in (lead.value, lead.high, lead.low))
            found.append(f"It is worse than {other.name} by {value} {unit} (95 %: {low} to {high}).")
        else:
            here, worst = (_lead(name, abs(end)) for end in (lead.value, lead.low))
            here = f"{here} {unit} {'worse' if lead.value < 0 else 'better'}" if lead.value else "as good"
            found.append(
                f"{many(len(facts.y), thing(facts))} cannot tell it from {other.name}: it is {here} on them, and anything "
                f"between {worst} worse and {high} better is plausible (95 %)."
            )
    return found


def _lead(name: str, value: float) -> str:
    return f"{100 * value:.1f}".replace("-", "−") if METRICS[name].share else shown(name, value)


def class_shares(facts: RunFacts) -> str:
    """Return how the held-out rows are spread over the classes, the most frequent first."""
    values, counts = np.unique([str(label) for label in facts.y], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:6]
    told = ", ".join(f"{values[i]} ({100 * counts[i] / len(facts.y):.0f} %)" for i in order)
    return told + (f" and {len(values) - 6} more" if len(values) > 6 else "")


def _start(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
