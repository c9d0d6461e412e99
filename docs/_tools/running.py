"""The code of a page: found, run and, when the site is built, shown with what it prints and draws.

The pages are plain Markdown. All Python blocks of a page share their names, from top to bottom.
A block with ``>>>`` is compared with what it prints. Any other block runs as it stands, and what it
prints, and the value of its last line, is set beneath it on the site.

"python cats" marks a block that needs the notes' pictures: it runs where the environment variable
ELLAYER_CATS names their folder. "python torch" marks a block that runs where that package is installed.
"sh run" marks a block of ``ellayer`` commands that run one after another, in this process.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import os
import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
CATS = "ELLAYER_CATS"
TERMINAL = {"COLUMNS": "92", "NO_COLOR": "1", "TERM": "dumb"}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words after it, its code, and where it stands in the page."""

    language: str
    words: tuple[str, ...]
    code: str
    line: int
    start: int
    end: int
    indent: str

    @property
    def is_python(self) -> bool:
        """Whether this block is Python code."""
        return self.language in ("python", "py")

    @property
    def is_commands(self) -> bool:
        """Whether this block has commands to run."""
        return self.language == "sh" and self.words == ("run",)

    @property
    def is_code(self) -> bool:
        """Whether this block is to run."""
        return self.is_python or self.is_commands

    @property
    def can_run(self) -> bool:
        """Whether what this block needs is there."""
        return self.is_commands or all(
            CATS in os.environ if word == "cats" else find_spec(word) for word in self.words
        )


@dataclass(frozen=True)
class Output:
    """What a block printed, and the value of its last line where that is an expression."""

    printed: str
    value: Any = None


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    for match in FENCE.finditer(text):
        indent, info, code = match.groups()
        language, *words = info.split() or [""]
        line = text.count("\n", 0, match.start()) + 1
        yield Block(language, tuple(words), textwrap.dedent(code), line, *match.span(), indent)


def run(block: Block, names: dict[str, Any], page: str) -> Output:
    """Run a block of a page with the names of the blocks before it.

    Raises
    ------
    AssertionError
        If a block with ``>>>`` does not print what it shows, or a command fails.
    """
    if block.is_commands:
        return _run_commands(block, page)
    if ">>>" in block.code:
        return _compare(block, names, page)
    tree = ast.parse("\n" * block.line + block.code, page)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, page, "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), page, "eval"), names)
    return Output(printed.getvalue(), value)


def _compare(block: Block, names: dict[str, Any], page: str) -> Output:
    example = doctest.DocTestParser().get_doctest(block.code, names, page, page, block.line)
    example.globs = names
    report: list[str] = []
    doctest.DocTestRunner(verbose=False, optionflags=FLAGS).run(example, out=report.append, clear_globs=False)
    assert not report, "".join(report)
    return Output("")


def _run_commands(block: Block, page: str) -> Output:
    from typer.testing import CliRunner

    from ellayer.cli.app import app

    printed = ""
    for words in (shlex.split(line, comments=True) for line in block.code.splitlines()):
        assert words[:1] == ["ellayer"], (
            f"{page}, line {block.line}: expected an ellayer command, received {words}"
        )
        with patch.dict(os.environ, TERMINAL), _undrawn():
            result = CliRunner().invoke(app, words[1:], prog_name="ellayer")
        assert result.exit_code == 0, f"{page}, line {block.line}: {shlex.join(words)}: {result.output}"
        printed += result.output
    return Output(printed)


@contextlib.contextmanager
def _undrawn() -> Iterator[None]:
    """Arrange and draw no figure: the files of a command are deleted with the folder, and pictures are most of its time."""
    layout = "matplotlib.layout_engine.ConstrainedLayoutEngine.execute"
    with patch("matplotlib.figure.Figure.savefig", _write_empty), patch(layout):
        yield


def _write_empty(figure: Any, file: Any, **options: object) -> None:
    """Write an empty picture."""
    if hasattr(file, "write"):
        file.write("<svg></svg>")
    else:
        Path(file).touch()
