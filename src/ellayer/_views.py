"""Objects as text and as HTML: tables and curves in one style.

The HTML stands inside pages of others (notebooks, the documentation): it takes their colour and font, so that
it is legible on light and dark pages, and its class is written three times so that its rules are stronger than theirs.
"""

from __future__ import annotations

import html
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

_RULES = {
    "": "font:14px/1.45 system-ui,sans-serif;color:inherit;max-width:100%;overflow-x:auto;padding:4px",
    "table": "border-collapse:collapse;table-layout:auto;margin:0;font-size:inherit;width:auto;border:0",
    "caption": "caption-side:top;text-align:left;font-weight:600;padding:6px 0;color:inherit;white-space:nowrap",
    "tr": "background:none",
    "td": "padding:5px 12px;border:0;border-bottom:1px solid #8886;text-align:left;vertical-align:middle;max-width:none",
    "th": "padding:5px 12px;border:0;border-bottom:1px solid #8886;text-align:left;vertical-align:middle;max-width:none;font-weight:600;opacity:.8",
    "tr.phase th": "background:#8882;opacity:1;padding-top:8px",
    ".shape": "white-space:nowrap;opacity:.8;font-variant-numeric:tabular-nums",
    ".matrix": "display:inline-block;border-left:1.5px solid;border-right:1.5px solid;border-radius:5px;padding:0 4px",
    ".whole": "white-space:nowrap;display:inline-flex;align-items:flex-start;gap:3px",
    ".whole sup": "line-height:1",
    ".matrix td": "border:0;white-space:nowrap;padding:0 6px;text-align:right;font-variant-numeric:tabular-nums",
    ".number": "white-space:nowrap;font-variant-numeric:tabular-nums",
    ".stats": "white-space:nowrap;font-variant-numeric:tabular-nums",
    "summary": "cursor:pointer;font-weight:600",
    "p": "margin:6px 0",
    "svg": "max-width:100%",
}
STYLE = f"<style>{''.join(f'.ellayer-view.ellayer-view.ellayer-view {part}{{{rule}}}' for part, rule in _RULES.items())}</style>"
_NUMBER = re.compile(r"[-+−]?[0-9][0-9.,]*(e[-+]?[0-9]+)?%?")
_WIDTH, _HEIGHT = 460, 190
_COLOURS = ("#D55E00", "#3d8fd1")  # legible on white and on black


def text_table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as text with aligned columns.

    >>> print(text_table([("name", "n"), ("W1", "12")]))
    name  n
    W1    12
    """
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def rich_text(view: RenderableType, width: int) -> str:
    """Return a view of rich as plain text."""
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=width, no_color=True, force_terminal=False).print(view)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


class Markup(str):
    """Text that is already HTML."""


def whole_page(body: str, title: str, style: str = "") -> str:
    """Return a self-contained page of HTML."""
    return (
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="color-scheme" content="light dark"><meta name="viewport" content="width=device-width">'
        f"<style>{style}</style><body>{body}</body></html>"
    )


def html_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "", below: str = ""
) -> str:
    """Return a table in the style of the inspections; cells are escaped unless they are ``Markup``."""
    return page(html_rows(heads, rows, caption) + below)


def html_rows(heads: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Return a table without a style; cells are escaped unless they are ``Markup``.

    >>> html_rows(("n",), [("<1",)])
    '<table><tr><th>n</th></tr><tr><td>&lt;1</td></tr></table>'
    """
    body = "".join(f"<tr>{_cells('td', row)}</tr>" for row in [*rows])
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<tr>{_cells('th', heads)}</tr>{body}</table>"


def page(body: str) -> str:
    """Return HTML in the style of the inspections."""
    return f'{STYLE}<div class="ellayer-view">{body}</div>'


def _cells(tag: str, cells: Sequence[str]) -> str:
    return "".join(
        f"<{tag}{_class(cell)}>{cell if isinstance(cell, Markup) else html.escape(cell)}</{tag}>"
        for cell in cells
    )


def _class(cell: str) -> str:
    """Return the class of a number: narrow pages would break 1e-02 after the hyphen."""
    return ' class="number"' if _NUMBER.fullmatch(cell) else ""


def curves(x: Sequence[float], lines: Mapping[str, Sequence[float]], along: str) -> str:
    """Return a picture of curves as SVG in the colour of the page, or no text if there are fewer than two points.

    Parameters
    ----------
    x : sequence of float
    lines : mapping
        Label to values; values that are not finite are left out.
    along : str
        Label of the x axis.
    """
    points = {name: _finite_pairs(x, values) for name, values in lines.items()}
    points = {name: pairs for name, pairs in points.items() if len(pairs) > 1}
    if not points:
        return ""
    xs = [a for pairs in points.values() for a, _ in pairs]
    ys = [b for pairs in points.values() for _, b in pairs]
    left, bottom = 62.0, _HEIGHT - 34.0

    def place(a: float, b: float) -> str:
        right = (a - min(xs)) / ((max(xs) - min(xs)) or 1)
        up = (b - min(ys)) / ((max(ys) - min(ys)) or 1)
        return f"{left + right * (_WIDTH - left - 12):.1f},{bottom - up * (bottom - 26):.1f}"

    parts = [f'<path d="M{left},20V{bottom}H{_WIDTH - 8}" fill="none" stroke="currentColor" opacity=".5"/>']
    for i, (name, pairs) in enumerate(points.items()):
        colour, dash = _COLOURS[i % 2], ' stroke-dasharray="6 3"' if i else ""
        line = " ".join(place(a, b) for a, b in pairs)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
            f'<text x="{left + 8 + 120 * i}" y="14" fill="{colour}">{html.escape(name)}</text>'
        )
    for y, value in ((30.0, max(ys)), (bottom, min(ys))):
        parts.append(f'<text x="{left - 6}" y="{y}" text-anchor="end" fill="currentColor">{value:.4g}</text>')
    for place_x, anchor, text in (
        (left, "start", f"{min(xs):g}"),
        (_WIDTH - 8, "end", f"{along} {max(xs):g}"),
    ):
        parts.append(
            f'<text x="{place_x}" y="{_HEIGHT - 14}" text-anchor="{anchor}" fill="currentColor">{text}</text>'
        )
    title = f"<title>{html.escape(' and '.join(points))} by {along}</title>"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" font-size="12" role="img">'
        f"{title}{''.join(parts)}</svg>"
    )


def _finite_pairs(x: Sequence[float], values: Sequence[float]) -> list[tuple[float, float]]:
    """Return at most some hundred points, evenly spread, with the last."""
    pairs = [(a, b) for a, b in zip(x, values, strict=False) if math.isfinite(b)]
    step = max(1, len(pairs) // 200)
    return [*pairs[:-1:step], *pairs[-1:]]


def contributions(pairs: Iterable[tuple[str, float]]) -> str:
    """Return contributions as text.

    >>> contributions([("age", 0.5), ("fare", -1.25)])
    'age +0.5, fare -1.25'
    """
    return ", ".join(f"{name} {value:+.4g}" for name, value in pairs)


def shorten_rows(rows: Sequence[Sequence[str]], most: int = 10) -> list[Sequence[str]]:
    """Return the first and last rows of a long table with a row of dots between them.

    >>> shorten_rows([("1",), ("2",), ("3",), ("4",)], most=3)
    [('1',), ('...',), ('4',)]
    """
    if len(rows) <= most:
        return list(rows)
    half = (most - 1) // 2
    return [*rows[:half], ("...",) * len(rows[0]), *rows[-half:]]
