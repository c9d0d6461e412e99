"""The page of a survey: one self-contained HTML file with the distribution of each column and the data warnings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from .._wording import pluralize
from .number_text import format_number
from .rendering import environment

MOST_COLUMNS = 200
_WIDTH, _HEIGHT, _LEFT, _BASE = 420.0, 170.0, 44.0, 138.0
_COLOURS = ("--blue", "--orange", "--green", "--pink", "--amber", "--edge")


def write_data_page(facts: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write the page of a survey, self-contained and without scripts, for light and dark mode, phones and print.

    Parameters
    ----------
    facts : mapping
        The dictionary of ``ellayer data --json``.
    path : path

    Returns
    -------
    Path
    """
    columns = list(zip(facts["columns"], facts["distributions"], strict=True))[:MOST_COLUMNS]
    cells = facts["rows"] * len(facts["columns"])
    text = environment(autoescape=True).get_template("data.html").render(
        facts=facts,
        missing=sum(column["missing"] for column in facts["columns"]) / cells if cells else 0.0,
        more_columns=len(facts["columns"]) - len(columns),
        target_bars=histogram(facts["target_distribution"]) if facts["target_distribution"] else "",
        columns=[
            {**column, "bars": histogram(bars), "against": against_target(bars, facts["target"] or "")}
            for column, bars in columns
        ],
        splits=[text for text in (facts["time"], facts["group"]) if text],
        keys=_keys(facts["distributions"]),
    )  # fmt: skip
    path = Path(path)
    path.write_text(text, encoding="utf-8", errors="replace")
    return path


def _keys(distributions: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return the classes with their colours."""
    classes: Sequence[str] = next((it["classes"] for it in distributions if it["classes"]), [])
    return [(name, _COLOURS[min(k, len(_COLOURS) - 1)]) for k, name in enumerate(classes)]


def histogram(bars: Mapping[str, Any]) -> str:
    """Return the numbers of rows as bars in SVG; "" for a column without bars.

    Parameters
    ----------
    bars : mapping
        A ``Distribution``.
    """
    if not bars["labels"]:
        return ""
    top = max(bars["rows"]) or 1
    parts = []
    for k, (label, count) in enumerate(zip(bars["labels"], bars["rows"], strict=True)):
        x, width = _place(k, len(bars["labels"]), bars["ordered"])
        height = count / top * (_BASE - 16)
        colour = "--edge" if label == "missing" and k == len(bars["rows"]) - 1 else "--blue"
        parts.append(
            f'<rect x="{x:.1f}" y="{_BASE - height:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'fill="var({colour})"><title>{escape(label)}: {pluralize(count, "row")}</title></rect>'
        )
    return _svg(bars, parts, (f"{top:,}", "0"), f"Rows by {bars['name']}")


def against_target(bars: Mapping[str, Any], target: str) -> str:
    """Return the shares of the classes, or the mean ± 1 SD of a numeric target, within each bar as SVG.

    Parameters
    ----------
    bars : mapping
        A ``Distribution``.
    target : str
    """
    if not bars["labels"] or not (bars["classes"] or bars["target_mean"]):
        return ""
    title = f"{target} by {bars['name']}"
    if bars["classes"]:
        return _svg(bars, _shares(bars), ("100 %", "0 %"), title)
    ends = [
        (mean - sd, mean + sd)
        for mean, sd in zip(bars["target_mean"], bars["target_sd"], strict=True)
        if mean is not None
    ]
    if not ends:
        return ""
    low, high = min(end for end, _ in ends), max(end for _, end in ends)
    return _svg(bars, _means(bars, low, high), (format_number(high), format_number(low)), title)


def _shares(bars: Mapping[str, Any]) -> list[str]:
    """Return bars of equal height, divided by the shares of the classes."""
    parts = []
    for k, (label, counts) in enumerate(zip(bars["labels"], bars["rows_by_class"], strict=True)):
        x, width = _place(k, len(bars["labels"]), bars["ordered"])
        y, total = _BASE, sum(counts)
        for i, count in enumerate(counts):
            height = count / total * (_BASE - 16) if total else 0.0
            y -= height
            name, colour = bars["classes"][i], _COLOURS[min(i, len(_COLOURS) - 1)]
            if count:
                parts.append(
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="var({colour})">'
                    f"<title>{escape(label)}: {escape(name)} {100 * count / total:.0f} % of {pluralize(total, 'row')}</title></rect>"
                )
    return parts


def _means(bars: Mapping[str, Any], low: float, high: float) -> list[str]:
    """Return a point for each mean, with a line of one standard deviation to each side."""
    parts, span = [], (high - low) or 1.0
    for k, label in enumerate(bars["labels"]):
        mean, sd = bars["target_mean"][k], bars["target_sd"][k]
        if mean is None:
            continue
        x, width = _place(k, len(bars["labels"]), bars["ordered"])
        at, top, bottom = (
            _BASE - (value - low) / span * (_BASE - 16) for value in (mean, mean + sd, mean - sd)
        )
        middle = x + width / 2
        parts.append(
            f'<path d="M{middle:.1f},{top:.1f}V{bottom:.1f}" stroke="var(--sky)" stroke-width="2"/>'
            f'<circle cx="{middle:.1f}" cy="{at:.1f}" r="3.5" fill="var(--blue)"><title>{escape(label)}: mean '
            f"{format_number(mean)} ± {format_number(sd)} of {pluralize(bars['rows'][k], 'row')}</title></circle>"
        )
    return parts


def _place(k: int, count: int, ordered: bool) -> tuple[float, float]:
    """Return the left end and the width of a bar; bars of numbers touch."""
    step = min((_WIDTH - _LEFT) / count, 60.0)
    gap = 1.0 if ordered else max(0.22 * step, 1.0)
    return _LEFT + k * step + gap / 2, step - gap


def _svg(bars: Mapping[str, Any], parts: Sequence[str], ends: tuple[str, str], title: str) -> str:
    """Return a chart with the ends of its vertical axis and the labels of its bars, as far as they fit."""
    labels = _labels(bars)
    scale = (
        f'<text x="{_LEFT - 6}" y="22" text-anchor="end">{escape(ends[0])}</text>'
        f'<text x="{_LEFT - 6}" y="{_BASE}" text-anchor="end">{escape(ends[1])}</text>'
        f'<path d="M{_LEFT},{_BASE}H{_WIDTH}" stroke="var(--edge)"/>'
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" aria-label="{escape(title)}" class="chart">'
        f"{scale}{''.join(parts)}{labels}</svg>"
    )


def _labels(bars: Mapping[str, Any]) -> str:
    """Return the labels below the bars: for numbers the ends, otherwise the labels of the bars that fit."""
    names = list(bars["labels"])
    labels: list[tuple[float, str, str]] = []
    if bars["ordered"] and len(names) > 6:
        last = len(names) - (2 if names[-1] == "missing" else 1)
        (x, _), (end, width) = _place(0, len(names), True), _place(last, len(names), True)
        labels = [
            (x, "start", names[0].split(" to ")[0]),
            (end + width, "end", names[last].split(" to ")[-1]),
        ]
        if last < len(names) - 1:
            labels[1] = (end + width - 30, "end", labels[1][2])
            labels.append((_WIDTH, "end", "missing"))
    else:
        for k, name in enumerate(names):
            x, width = _place(k, len(names), bars["ordered"])
            room = max(int(width * 1.1 / 7.2), 2)
            labels.append((x + width / 2, "middle", name if len(name) <= room else name[: room - 1] + "…"))
    return "".join(
        f'<text x="{x:.1f}" y="{_BASE + 18}" text-anchor="{anchor}">{escape(text)}</text>'
        for x, anchor, text in labels
    )
