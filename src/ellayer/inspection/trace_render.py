"""A trace on the terminal, as HTML and as JSON."""

from __future__ import annotations

import html
import json
import math
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from .._json import finite
from .._views import page, rich_text
from .._wording import pluralize
from .mathml import to_mathml
from .trace_record import Step, TraceRecord

if TYPE_CHECKING:
    from rich.table import Table

Numbers = float | list[Any]

_PHASES = {"given": "Given", "forward": "Forward", "cost": "Cost", "backward": "Backward", "update": "Update"}
_ON_TERMINAL = {True: 100, False: 12}  # numbers written out: for one example, for a batch
_ON_PAGE = {True: 64, False: 24}
_IN_FOLD = 2000  # from this many numbers of one example on, a page collapses them
_IN_JSON = {True: 100_000, False: 1_000}


def headline(trace: TraceRecord) -> str:
    """Return the network, examples and optimizer of a trace as one line."""
    examples = f"example {trace.example}" if trace.example is not None else pluralize(trace.m, "example")
    if not trace.labelled:
        return f"{trace.network!r}: forward on {examples} (no labels, so no cost and no gradients)"
    rate = "" if math.isnan(trace.learning_rate) else f", learning rate {trace.learning_rate:g}"
    after = f" after {trace.iteration} updates" if trace.iteration else ""
    return f"{trace.network!r}: one step on {examples}{after} ({trace.optimizer}{rate})"


def to_text(trace: TraceRecord) -> str:
    """Return a trace as text with plain equations."""
    return rich_text(to_rich(trace), 150)


def to_rich(trace: TraceRecord) -> Table:
    """Return a trace as a rich table."""
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(headline(trace)), title_justify="left", pad_edge=False, box=None, show_lines=False
    )
    table.add_column("", style="bold", no_wrap=True)
    table.add_column("equation", overflow="fold", max_width=64)
    table.add_column("shape", no_wrap=True)
    table.add_column("numbers", overflow="fold")
    limit = _ON_TERMINAL[trace.example is not None]
    for phase, steps in groupby(trace, key=attrgetter("phase")):
        table.add_row(Text(_PHASES[phase].upper(), style="bold blue"), "", "", "")
        for step in steps:
            numbers = _numbers(step, limit, _names_of(trace, step))
            table.add_row(*map(Text, (step.name, step.plain, _shape(step), numbers)))
    return table


def to_html(trace: TraceRecord) -> str:
    """Return a trace as HTML with formulas, self-contained."""
    alone, rows = trace.example is not None, []
    for phase, steps in groupby(trace, key=attrgetter("phase")):
        rows.append(f'<tr class="phase"><th colspan="3">{_PHASES[phase]}</th></tr>')
        for step in steps:
            shape, numbers = (
                f'<td class="shape">{_shape(step)}</td>',
                f"<td>{_html_numbers(step, alone, _names_of(trace, step))}</td>",
            )
            rows.append(f"<tr><td>{to_mathml(step.latex)}</td>{shape}{numbers}</tr>")
    head = f"<caption>{html.escape(headline(trace))}</caption><tr><th>equation</th><th>shape</th><th>numbers</th></tr>"
    return page(f"<table>{head}{''.join(rows)}</table>")


def to_json(trace: TraceRecord, numbers: int | None = None) -> str:
    """Return a trace as JSON, with null for numbers that are not finite."""
    limit = _IN_JSON[trace.example is not None] if numbers is None else numbers
    return json.dumps(
        {
            "network": repr(trace.network),
            "layer_dims": list(trace.network.layer_dims),
            "iteration": trace.iteration,
            "example": trace.example,
            "m": trace.m,
            "input_names": list(trace.input_names),
            "optimizer": trace.optimizer or None,
            "learning_rate": finite(trace.learning_rate),
            "steps": [_json_step(step, limit) for step in trace],
        }
    )


def _json_step(step: Step, limit: int) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": step.name,
        "phase": step.phase,
        "equation": step.plain,
        "latex": step.latex,
        "shape": list(step.shape),
        "statistics": {key: finite(value) for key, value in step.statistics().items()},
    }
    if step.value.size <= limit:
        entry["values"] = _finite_all(step.value.tolist())
    return entry


def _finite_all(values: Numbers) -> object:
    return [_finite_all(v) for v in values] if isinstance(values, list) else finite(values)


def _shape(step: Step) -> str:
    return " x ".join(map(str, step.shape)) or "scalar"


def _names_of(trace: TraceRecord, step: Step) -> tuple[str, ...]:
    """Return a name for each row of a quantity: those of the inputs for X."""
    named = step.phase == "given" and step.name in ("X", "A0") and len(trace.input_names) == len(step.value)
    return trace.input_names if named else ()


def _numbers(step: Step, limit: int, names: tuple[str, ...]) -> str:
    if step.value.size <= limit and step.value.ndim <= 2:
        if names:
            return "\n".join(
                f"{name}  {_column(row[None, :])}" for name, row in zip(names, step.value, strict=True)
            )
        return _column(np.atleast_2d(step.value))
    return statistics_text(step)


def _column(value: np.ndarray) -> str:
    """Return a matrix as text, a column vector as the transpose of a row."""
    value = value + 0.0  # -0 is 0
    if value.size == 1:
        return f"{value.item():.6g}"
    if value.shape[1] == 1:
        return "[" + "  ".join(f"{v:.6g}" for v in value[:, 0]) + "]^T"
    return "\n".join("[" + "  ".join(f"{v:.6g}" for v in row) + "]" for row in value)


def statistics_text(step: Step) -> str:
    """Return mean, standard deviation and range as one line."""
    s = {key: value + 0.0 for key, value in step.statistics().items()}
    if "mean" not in s:
        return "nothing finite"
    text = f"{s['mean']:.4g} ± {s['sd']:.3g}, from {s['min']:.4g} to {s['max']:.4g}"
    if s["zero"]:
        text += f", {100 * s['zero']:.3g} % zero"
    return text + (f", {100 * s['not_finite']:.3g} % NaN or inf" if s["not_finite"] else "")


def _html_numbers(step: Step, alone: bool, names: tuple[str, ...]) -> str:
    value = step.value
    if value.ndim <= 2 and value.size <= _ON_PAGE[alone]:
        return _html_matrix(np.atleast_2d(value), names)
    text = f'<span class="stats">{html.escape(statistics_text(step))}</span>'
    if alone and value.ndim == 2 and value.size <= _IN_FOLD:
        text += f"<details><summary>all {value.size} numbers</summary>{_html_matrix(value, names)}</details>"
    return text


def _html_matrix(value: np.ndarray, names: tuple[str, ...] = ()) -> str:
    value, mark = value + 0.0, ""  # -0 is 0
    if names:
        named = "".join(
            f"<tr><th>{html.escape(name)}</th>{''.join(f'<td>{v:.6g}</td>' for v in row)}</tr>"
            for name, row in zip(names, value, strict=True)
        )
        return f'<span class="matrix"><table>{named}</table></span>'
    if value.size == 1:
        return f"{value.item():.6g}"
    if value.shape[1] == 1 and len(value) > 3:
        value, mark = value.T, "<sup>T</sup>"
    rows = "".join("<tr>" + "".join(f"<td>{v:.6g}</td>" for v in row) + "</tr>" for row in value)
    return f'<span class="whole"><span class="matrix"><table>{rows}</table></span>{mark}</span>'
