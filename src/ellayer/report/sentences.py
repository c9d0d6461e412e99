"""Numbers, counts and comparisons as text, for the report and the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from .._wording import pluralize
from ..core.metrics import METRICS
from .number_text import format_interval, format_number, format_score
from .run_facts import Predictions, RunFacts, Score
from .scores import differences

FEW_TEST_ROWS = 400  # a fifth of 2,000: the interval of a score on fewer is wide


def per_cent(share: float) -> str:
    """Return a share in per cent, its sign on the line of its number.

    >>> per_cent(0.8437)
    '84.4\\xa0%'
    """
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def format_seconds(value: float) -> str:
    """Return a duration as text.

    >>> format_seconds(0.123), format_seconds(75.0), format_seconds(7300.0)
    ('0.12 s', '1 min 15 s', '2 h 1 min')
    """
    if value < 60:
        return f"{value:.2g} s" if value < 10 else f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def short(text: object, length: int = 40) -> str:
    """Return a text no longer than a title or a cell has room for.

    >>> short("a very long name of a class", 10)
    'a very lo…'
    """
    text = str(text)
    return text if len(text) <= length else text[: length - 1] + "…"


def example_noun(facts: RunFacts) -> Literal["row", "image"]:
    """Return "row" or "image"."""
    return "row" if facts.images is None else "image"


def held_out_noun(facts: RunFacts) -> str:
    """Return the name of the examples that the models are scored on, like "test images"."""
    return facts.held_out_on.replace("rows", f"{example_noun(facts)}s")


def held_out_one(facts: RunFacts) -> str:
    """Return the name of one of these examples, like "test image"."""
    return held_out_noun(facts).replace("s ", " ", 1).removesuffix("s")


def keep_percents(text: str) -> str:
    """Return a text whose percent signs stay on the line of their numbers."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def result(facts: RunFacts, scored: Mapping[str, Mapping[str, Score]]) -> list[str]:
    """Return how good the network is, and how it compares with simpler models, as sentences.

    Parameters
    ----------
    facts : RunFacts
    scored : dict of str to dict of str to Score
        By model.
    """
    noun = example_noun(facts)
    if not scored:
        return [f"No {noun}s were held out, so it is not known how well {facts.target} is predicted."]
    name = "accuracy" if facts.task == "classes" else "rmse"
    ours, *others = facts.models
    score, m = scored[ours.name][name], len(facts.y)
    examples = held_out_noun(facts) if m != 1 else held_out_one(facts)
    if facts.task == "classes":
        first = f"{capitalize(ours.name)} is right in {format_score(name, score.value)} of {m:,} {examples}"
    else:
        mae = format_number(scored[ours.name]["mae"].value)
        first = (
            f"{capitalize(ours.name)} is off by {mae} on average over {m:,} {examples}; its RMSE is "
            f"{format_number(score.value)}"
        )
    if (interval := format_interval(name, score)) != "–":
        first += f" (95 % CI {interval})"
    preposition = "in " if facts.task == "classes" else ""
    rivals = [
        f"{other.name} {preposition}{format_score(name, scored[other.name][name].value)}" for other in others
    ]
    first = "; ".join([first, *([", ".join(rivals)] if rivals else [])]) + "."
    return [first, *_comparisons(facts, name)]


def verdict(facts: RunFacts, scored: Mapping[str, Mapping[str, Score]]) -> list[str]:
    """Return which model is best and whether the rows can tell, and how little few test rows decide.

    Parameters
    ----------
    facts : RunFacts
        With a cross-validation, its rows decide; else the test rows.
    scored : dict of str to dict of str to Score
        By model, on the test rows.
    """
    name = "accuracy" if facts.task == "classes" else "rmse"
    folds = facts.cross_validation
    y, models, scores, rows = facts.y, facts.models, scored, f"{len(facts.y):,} {held_out_noun(facts)}"
    if folds is not None:
        y, models, scores = folds.y, folds.models, folds.scores
        rows = f"predictions out of fold of {len(y):,} {example_noun(facts)}s"
    sentences = []
    if len(models) > 1 and len(y):
        sentences.append(_best(y, models, scores, facts, rows))
    score = scored[facts.models[0].name][name] if scored else None
    from_a_file = facts.columns or facts.ids  # a named data set has its own test rows
    if (
        score is not None
        and folds is None
        and from_a_file
        and len(y) < FEW_TEST_ROWS
        and math.isfinite(score.low)
    ):
        sentences.append(
            f"{len(y):,} {held_out_noun(facts)} are few: the 95 % interval of the {METRICS[name].title} of {models[0].name} is "
            f"{format_interval(name, score)}. {'--cv 5' if facts.command else 'Cross-validation'} tests on all rows."
        )
    return sentences


def _best(
    y: np.ndarray,
    models: list[Predictions],
    scores: Mapping[str, Mapping[str, Score]],
    facts: RunFacts,
    rows: str,
) -> str:
    """Return which of several models is best, and whether it is significantly better than the next."""
    name = "accuracy" if facts.task == "classes" else "rmse"
    sign = 1.0 if METRICS[name].maximize else -1.0
    order = sorted(models, key=lambda model: -sign * _finite(scores[model.name][name].value, sign))
    first, second = order[:2]
    value = format_score(name, scores[first.name][name].value)
    lead = differences(y, first, second, facts.classes or None, [name])[name]
    text = f"Best by {METRICS[name].title}: {first.name} ({value})"
    if lead.low > 0:
        return f"{text}; significantly better than the next, {second.name}, on the {rows}."
    return f"{text}; not significantly better than the next, {second.name}, on the {rows}."


def _finite(value: float, sign: float) -> float:
    return value if math.isfinite(value) else -sign * math.inf


def _comparisons(facts: RunFacts, name: str) -> list[str]:
    """Return whether the difference from each other model is significant, with its interval."""
    ours, *others = facts.models
    sign = 1.0 if METRICS[name].maximize else -1.0  # a lead is positive if the network is better
    sentences = []
    for other in others:
        lead = differences(facts.y, ours, other, facts.classes or None, [name])[name]
        if not math.isfinite(lead.low):
            continue
        if lead.low == lead.high == 0:
            sentences.append(f"Exactly as good as {other.name}.")
            continue
        verdict = "Not significantly different from"
        if lead.low > 0 or lead.high < 0:
            verdict = f"Significantly {'better' if lead.low > 0 else 'worse'} than"
        low, high = sorted((sign * lead.low, sign * lead.high))
        sentences.append(
            f"{verdict} {other.name}: {_difference(name, sign * lead.value)} (95 % CI {_with_sign(name, low)} to "
            f"{_with_sign(name, high)})."
        )
    return sentences


def _difference(name: str, value: float) -> str:
    """Return a difference with its unit: "+2.8 points", "RMSE −857"."""
    return (
        f"{_with_sign(name, value)} points"
        if METRICS[name].share
        else f"{METRICS[name].title} {_with_sign(name, value)}"
    )


def _with_sign(name: str, value: float) -> str:
    text = f"{100 * value:.1f}".replace("-", "−") if METRICS[name].share else format_score(name, value)
    return f"+{text}" if value > 0 else text


def describe_folds(validation: Mapping[str, Any]) -> str:
    """Return the design of a cross-validation.

    >>> describe_folds({"folds": 5, "repeats": 2, "rows": 300})
    'Cross-validation of 300 rows in 5 folds, repeated 2 times: means over the folds'
    """
    repeated = f", repeated {validation['repeats']} times" if validation["repeats"] > 1 else ""
    return (
        f"Cross-validation of {pluralize(validation['rows'], 'row')} in {validation['folds']} folds{repeated}: means over "
        "the folds"
    )


def class_shares(counts: Mapping[str, int]) -> str:
    """Return a distribution over classes, the most frequent first.

    >>> class_shares({"no": 60, "yes": 40})
    'no (60 %), yes (40 %)'
    """
    m, items = sum(counts.values()), list(counts.items())[:6]
    shares = ", ".join(f"{label} ({100 * count / m:.0f} %)" for label, count in items)
    return shares + (f" and {len(counts) - 6} more" if len(counts) > 6 else "")


def capitalize(sentence: str) -> str:
    """Return a sentence whose first letter is a capital."""
    return sentence[:1].upper() + sentence[1:]
