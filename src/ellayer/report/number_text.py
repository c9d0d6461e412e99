"""Numbers and scores as text."""

from __future__ import annotations

import math

from ..core.metrics import METRICS
from .run_facts import Score


def format_number(value: float | None) -> str:
    """Return a number in at most four significant digits.

    >>> format_number(0.84372), format_number(48936.2), format_number(float("nan")), format_number(0.0)
    ('0.8437', '48,936', '–', '0')
    """
    if value is None or not math.isfinite(value):
        return "–"
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}").replace("-", "−")


def format_score(name: str, value: float | None) -> str:
    """Return the value of a metric as text: shares in per cent, errors in three digits, others to three places.

    >>> format_score("accuracy", 0.8492), format_score("rmse", 2.3), format_score("rmse", 150.2)
    ('84.9 %', '2.30', '150')
    >>> format_score("r2", -4e-6), format_score("roc_auc", float("nan"))
    ('0.000', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if METRICS[name].share:
        return f"{100 * value:.1f} %"
    if abs(value) >= 1000:
        return format_number(value)
    text = f"{value:#.3g}".rstrip(".") if METRICS[name].in_units else f"{value:.3f}"
    return text.removeprefix("-" if float(text) == 0 else "").replace("-", "−")


def format_interval(name: str, score: Score) -> str:
    """Return a score's 95 % confidence interval as text, or a dash.

    >>> format_interval("accuracy", Score(0.85, 0.8, 0.9))
    '80.0 to 90.0 %'
    """
    if not (math.isfinite(score.low) and math.isfinite(score.high)):
        return "–"
    low = format_score(name, score.low).removesuffix(" %")
    return f"{low} to {format_score(name, score.high)}"
