"""Documents in LaTeX, and their PDF by an installed TeX."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ..errors import EllayerError

_PROGRAMS = ("pdflatex", "xelatex", "lualatex", "tectonic")
_SECONDS = 120
_SPECIAL = {"\\": r"\textbackslash{}", **{c: f"\\{c}" for c in "&%$#_{}"}, "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}  # fmt: skip
_BOX = r"\boxed{\phantom{-0.000}}"


def escape_tex(text: str) -> str:
    r"""Return text with the special characters of TeX escaped.

    >>> print(escape_tex("50 % of x_1"))
    50 \% of x\_1
    """
    return "".join(_SPECIAL.get(c, c) for c in text)


def matrix_tex(cells: Sequence[Sequence[str]]) -> str:
    """Return a matrix, or a number alone; empty cells are boxes.

    >>> print(matrix_tex([["1", ""]]))
    \\begin{bmatrix} 1 & \\boxed{\\phantom{-0.000}} \\end{bmatrix}
    """
    rows = [" & ".join(cell or _BOX for cell in row) for row in cells]
    if len(rows) == 1 and len(cells[0]) == 1:
        return rows[0]
    # Rows of boxes stand apart, or their frames run into one another.
    body = (r" \\[0.7ex] " if any("" in row for row in cells) else r" \\ ").join(rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"


def document(title: str, parts: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Return a document with a heading and aligned equations for each part."""
    body = []
    for head, lines in parts:
        equations = " & \\\\[1ex]\n".join(lines)
        body.append(
            f"\\section*{{{escape_tex(head)}}}\n\\begin{{flalign*}}\n{equations} & \n\\end{{flalign*}}"
        )
    return "\n".join([
        r"\documentclass[a4paper]{article}", r"\usepackage[margin=2cm]{geometry}", r"\usepackage{amsmath,amssymb}",
        r"\setcounter{MaxMatrixCols}{20}", r"\allowdisplaybreaks", r"\begin{document}",
        rf"\subsection*{{\Large {escape_tex(title)}}}", *body, r"\end{document}", "",
    ])  # fmt: skip


def typeset(source: str) -> bytes:
    """Return the PDF of a document.

    Parameters
    ----------
    source : str

    Raises
    ------
    EllayerError
        If no TeX is installed, or it fails.
    """
    program = next((name for name in _PROGRAMS if shutil.which(name)), None)
    if program is None:
        raise EllayerError(
            f"PDF: expected one of {', '.join(_PROGRAMS)} to be installed, found none; try .tex or .html, which a browser prints as PDF"
        )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "sheet.tex"
        file.write_text(source, encoding="utf-8")
        options = [] if program == "tectonic" else ["-interaction=nonstopmode", "-halt-on-error"]
        try:
            run = subprocess.run(
                [program, *options, file.name], cwd=folder, capture_output=True, text=True, timeout=_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise EllayerError(
                f"PDF: expected {program} to finish within {_SECONDS} s; try .tex or .html"
            ) from None
        result = file.with_suffix(".pdf")
        if run.returncode or not result.exists():
            lines = [line for line in run.stdout.splitlines() if line.startswith("!")]
            raise EllayerError(
                f"PDF: expected {program} to succeed, received: {' '.join(lines)[:300] or run.stderr[:300]}; try .tex"
            )
        return result.read_bytes()
