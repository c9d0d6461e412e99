"""Sphinx: run the code of each page and set beneath each block what it printed and drew."""

from __future__ import annotations

import contextlib
import hashlib
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

STORED = Path(__file__).parents[1] / "images" / "cats"  # outputs of the blocks that need the notes' pictures
WITHOUT_CATS = """```{note}
The pictures of cats are not part of Ellayer: the outputs below are stored ones. `ELLAYER_CATS=folder sphinx-build docs site`
computes them; the folder holds the two HDF5 files.
```

"""


def show_outputs(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace a page's text by the same text with outputs and pictures."""
    names: dict[str, Any] = {"__name__": page}
    parts, at, has_note = [], 0, False
    text = source[0]
    with quiet_place():
        for number, block in enumerate(blocks(text)):
            if not block.is_code:
                continue
            if block.can_run:
                parts.append(text[at : block.end] + "\n")
                figures = Path(app.doctreedir) / "figures" / f"{page.replace('/', '-')}-{number}.png"
                shown = markdown_of(checked_run(block, names, page), figures, Path(app.srcdir, page).parent)
                parts.append(textwrap.indent(shown, block.indent))
                at = block.end
            elif "cats" in block.words:
                note = "" if has_note else WITHOUT_CATS
                parts.append(f"{text[at : block.start]}{note}{text[block.start : block.end]}\n")
                parts.append(textwrap.indent(_stored_output(block, page), block.indent))
                at, has_note = block.end, True
    source[0] = "".join(parts) + text[at:]


def checked_run(block: Block, names: dict[str, Any], page: str) -> Output:
    """Run a block; an error names its page and line."""
    try:
        return run(block, names, page)
    except Exception as error:
        raise ExtensionError(f"docs/{page}.md, line {block.line}: {type(error).__name__}: {error}") from error


@contextlib.contextmanager
def quiet_place() -> Iterator[None]:
    """Work in an empty folder, with warnings as errors and NumPy's printing put back after."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, np.printoptions(), warnings.catch_warnings():
        warnings.simplefilter("error")
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def stored_name(block: Block) -> str:
    """Return the name of the stored output of a block: a changed block has another."""
    return hashlib.sha256(block.code.encode()).hexdigest()[:12]


def _stored_output(block: Block, page: str) -> str:
    path = STORED / f"{stored_name(block)}.txt"
    if not path.exists():
        raise ExtensionError(
            f"docs/{page}.md, line {block.line}: the block has no stored output; "
            "run ELLAYER_CATS=folder python docs/_tools/storing.py"
        )
    return path.read_text(encoding="utf-8")


def markdown_of(output: Output, picture: Path, folder: Path) -> str:
    """Return Markdown of what a block printed and of its last value.

    Parameters
    ----------
    output : Output
    picture : Path
        The file to write if the last value is a figure.
    folder : Path
        The folder of the page, from which the picture is linked.
    """
    value, text = output.value, output.printed
    figure = getattr(value, "figure_", value)  # of a display of ellayer.plot
    if isinstance(figure, Figure):
        return _text(text) + _picture(figure, picture, folder)
    if hasattr(value, "_repr_html_"):
        page_part = value._repr_html_()
        wide = (
            " wide" if re.search(r"<svg[^>]* width='\d{4,}'", page_part) else ""
        )  # rather moved than shrunk
        return f"{_text(text)}\n```{{raw}} html\n<div class='shown{wide}'>{page_part}</div>\n```\n"
    return _text(text if value is None else f"{text}{value!r}\n")


def _text(text: str) -> str:
    return f"\n```{{code-block}} text\n:class: output\n\n{text.rstrip()}\n```\n" if text.strip() else ""


def _picture(figure: Figure, path: Path, folder: Path) -> str:
    """Write a figure and return the Markdown that shows it."""
    from ellayer.report import save_picture

    path.parent.mkdir(parents=True, exist_ok=True)
    save_picture(figure, path, dpi=160)
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    alt = " ".join("; ".join(filter(None, titles)).split())
    place = os.path.relpath(path, folder)
    return f"\n```{{image}} {place}\n:alt: {alt or 'a picture of what the code above draws'}\n:class: picture\n```\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("source-read", show_outputs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
