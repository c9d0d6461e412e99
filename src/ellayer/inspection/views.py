"""Tables of the inspections as text and as HTML."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

STYLE = """<style>
.ellayer-trace{font:14px/1.45 system-ui,sans-serif;color:#222;background:#fff;max-width:100%;overflow-x:auto;padding:4px}
.ellayer-trace table{border-collapse:collapse;margin:0;font-size:inherit}
.ellayer-trace caption{text-align:left;font-weight:600;padding:6px 0}
.ellayer-trace td,.ellayer-trace th{padding:5px 12px;border-bottom:1px solid #e4e4e4;text-align:left;vertical-align:middle;background:#fff}
.ellayer-trace th{color:#555;font-weight:600}
.ellayer-trace tr.phase th{background:#f2f5f8;color:#0b5394;padding-top:8px}
.ellayer-trace .shape{white-space:nowrap;color:#555;font-variant-numeric:tabular-nums}
.ellayer-trace .matrix{display:inline-block;border-left:1.5px solid #222;border-right:1.5px solid #222;border-radius:5px;padding:0 4px}
.ellayer-trace .whole{white-space:nowrap;display:inline-flex;align-items:flex-start;gap:3px}
.ellayer-trace .whole sup{line-height:1}
.ellayer-trace .matrix td{border:0;white-space:nowrap;padding:0 6px;text-align:right;font-variant-numeric:tabular-nums}
.ellayer-trace .stats{color:#444;white-space:nowrap;font-variant-numeric:tabular-nums}
.ellayer-trace summary{cursor:pointer;color:#0b5394}
</style>"""


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


def html_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "", below: str = ""
) -> str:
    """Return a table in the style of the inspections; cells are escaped unless they are ``Markup``."""
    body = "".join(f"<tr>{_cells('td', row)}</tr>" for row in [*rows])
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return page(f"<table>{title}<tr>{_cells('th', heads)}</tr>{body}</table>{below}")


def page(body: str) -> str:
    """Return HTML in the style of the inspections."""
    return f'{STYLE}<div class="ellayer-trace">{body}</div>'


def _cells(tag: str, cells: Sequence[str]) -> str:
    return "".join(
        f"<{tag}>{cell if isinstance(cell, Markup) else html.escape(cell)}</{tag}>" for cell in cells
    )
