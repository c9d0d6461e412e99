"""Advice names only options that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from typer.main import get_command

import ellayer
from ellayer.cli.app import app
from ellayer.inspection.diagnosis_findings import CHECKS, advice_for
from ellayer.runs.config import FILE, NAMED

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")

STYLE = ("svg.py", "data_page.py", "dockerfile.py")  # variables of CSS, and a Dockerfile
OTHERS = {
    "--help",
    "--version",
    "--upgrade",
    "--logdir",
    "--workers",
}  # of the program itself, pip, TensorBoard, uvicorn


@pytest.fixture(scope="module")
def options() -> dict[str, set[str]]:
    """The options of each command."""
    commands = get_command(app).commands.items()  # type: ignore[attr-defined]
    return {name: {opt for p in one.params for opt in [*p.opts, *p.secondary_opts]} for name, one in commands}


@pytest.mark.parametrize("settings", [FILE, NAMED], ids=["file", "named set"])
@pytest.mark.parametrize("check", CHECKS)
def test_a_diagnosis_advises_options_of_the_command_that_ran(options, check, settings):
    advice = advice_for(check, settings)
    own = {f"--{name.replace('_', '-')}" for name in settings}
    assert set(OPTION.findall(advice)) <= own & options["train"]
    assert len(advice) > 20
    assert not re.search(r"[{}|=]", advice.replace("|dZ", ""))


@pytest.mark.parametrize("check", CHECKS)
def test_advice_in_python_names_no_option(check):
    assert not re.search(r"--|[{}|]", advice_for(check))


def test_every_option_in_a_message_exists(options):
    known = set().union(*options.values(), OTHERS)
    unknown = []
    paths = [path for path in Path(ellayer.__file__).parent.rglob("*.py") if path.name not in STYLE]
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                unknown += [
                    (path.name, option) for option in OPTION.findall(node.value) if option not in known
                ]
    assert not unknown
