"""Sphinx: run the code of each page and set beneath each block what it printed and drew."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from running import Block, Output, blocks, run
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

WITHOUT_CATS = """```{note}
The pictures of cats are not part of Ellayer, and this copy of the book was made without them: blocks that
need them are shown without what they print and draw. `ELLAYER_CATS=folder sphinx-build docs site` makes the
book with them; the folder holds the two HDF5 files.
```

"""


def show_outputs(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace a page's text by the same text with outputs and pictures."""
    names: dict[str, Any] = {"__name__": page}
    parts, at, told = [], 0, False
    text = source[0]
    with _quiet_place():
        for number, block in enumerate(blocks(text)):
            if not block.is_code:
                continue
            if block.can_run:
                parts.append(text[at : block.end] + "\n")
                output = _checked_run(block, names, page)
                parts.append(textwrap.indent(_shown(app, page, number, output), block.indent))
                at = block.end
            elif "cats" in block.words and not told:
                parts.append(text[at : block.start] + WITHOUT_CATS)
                at, told = block.start, True
    source[0] = "".join(parts) + text[at:]


def _checked_run(block: Block, names: dict[str, Any], page: str) -> Output:
    try:
        return run(block, names, page)
    except Exception as error:
        raise ExtensionError(f"docs/{page}.md, line {block.line}: {type(error).__name__}: {error}") from error


@contextlib.contextmanager
def _quiet_place() -> Iterator[None]:
    """Work in an empty folder, with warnings as errors and NumPy's printing put back after."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, np.printoptions(), warnings.catch_warnings():
        warnings.simplefilter("error")
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def _shown(app: Sphinx, page: str, number: int, output: Output) -> str:
    """Return Markdown of what a block printed and of its last value."""
    value, text = output.value, output.printed
    figure = getattr(value, "figure_", value)  # of a display of ellayer.plot
    if isinstance(figure, Figure):
        return _text(text) + _picture(app, page, number, figure)
    if hasattr(value, "_repr_html_"):
        page_part = value._repr_html_()
        wide = (
            " wide" if re.search(r"<svg[^>]* width='\d{4,}'", page_part) else ""
        )  # rather moved than shrunk
        return f"{_text(text)}\n```{{raw}} html\n<div class='shown{wide}'>{page_part}</div>\n```\n"
    return _text(text if value is None else f"{text}{value!r}\n")


def _text(text: str) -> str:
    return f"\n```{{code-block}} text\n:class: output\n\n{text.rstrip()}\n```\n" if text.strip() else ""


def _picture(app: Sphinx, page: str, number: int, figure: Figure) -> str:
    """Write a figure beside the doctrees and return the Markdown that shows it."""
    from ellayer.report import save_picture

    path = Path(app.doctreedir) / "figures" / f"{page.replace('/', '-')}-{number}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_picture(figure, path, dpi=160)
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    alt = " ".join("; ".join(filter(None, titles)).split())
    place = os.path.relpath(path, Path(app.srcdir, page).parent)
    return f"\n```{{image}} {place}\n:alt: {alt or 'a picture of what the code above draws'}\n:class: picture\n```\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("source-read", show_outputs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
