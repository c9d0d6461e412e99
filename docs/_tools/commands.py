"""Sphinx: ``<!-- commands -->`` becomes the reference of the program's commands and options."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import typer
from sphinx.application import Sphinx

Panels = dict[str, tuple[str, ...]]  # rows of options by the title of their panel

MARK = re.compile(r"^<!-- commands -->$", re.MULTILINE)
OPTION = re.compile(r"--[a-z][\w-]*(?: [A-Z]+)?")
SHARED = 3  # a panel of that many commands is listed once, at the end
VALUES = {"int": "integer", "float": "number", "str": "text", "Path": "path"}


def insert(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the reference into the text of a page."""
    if MARK.search(source[0]):
        reference = commands()
        source[0] = MARK.sub(lambda match: reference, source[0])


def commands() -> str:
    """Return a section for each command, and one for each panel of options that many commands share."""
    from ellayer.cli.app import app

    program = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    panels = {name: _panels(command) for name, command in program.items()}
    count = Counter(panel for own in panels.values() for panel in own.items())
    shared = dict(panel for panel, commands in count.items() if commands >= SHARED)
    sections = [_command(name, program[name], panels[name], shared) for name in program]
    for panel in shared.items():
        users = ", ".join(f"`{name}`" for name, own in panels.items() if panel in own.items())
        sections.append(f"## Options: {panel[0]}\n\nOptions of {users}.\n\n{_table(panel[1])}")
    return "\n\n".join(sections)


def _panels(command: Any) -> Panels:
    """Return the rows of the options of a command by panel."""
    panels: Panels = {}
    for parameter in command.params:
        if parameter.param_type_name == "option":
            title = parameter.rich_help_panel or "Options"
            panels[title] = (*panels.get(title, ()), _option(parameter))
    return panels


def _command(name: str, command: Any, panels: Panels, shared: Panels) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    usage = " ".join(["ellayer", name, *(_argument(p) for p in arguments), "[OPTIONS]"])
    text = [f"## ellayer {name}", f"```text\n{usage}\n```", _description(command.help)]
    if arguments:
        text.append("\n".join(f"- `{p.metavar or p.name.upper()}`: {_escaped(p.help)}" for p in arguments))
    if "Options" in panels:
        text.append(_table(panels["Options"]))
    own = {title: rows for title, rows in panels.items() if shared.get(title) != rows and title != "Options"}
    text += [f"### {name}: {title}\n\n{_table(rows)}" for title, rows in own.items()]
    links = [
        f"[{title}](#options-{title.lower().replace(' ', '-')})"
        for title, rows in panels.items()
        if shared.get(title) == rows
    ]
    if links:
        text.append(f"Also the options of {', '.join(links)}.")
    return "\n\n".join(text)


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    return name if parameter.required else f"[{name}]"


def _description(text: str) -> str:
    """Return the help of a command, its examples and options as code."""
    text = re.sub(r"^Example: (.+)$", r"```sh\n\1\n```", text, flags=re.MULTILINE)
    return re.sub(
        r"^(?!ellayer).*$", lambda line: OPTION.sub(r"`\g<0>`", line.group()), text, flags=re.MULTILINE
    )


def _option(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    kind = parameter.type_descriptor.annotation
    value = (
        f"`{parameter.metavar}`" if parameter.metavar else VALUES.get(getattr(kind, "__name__", ""), "text")
    )
    value = "" if parameter.is_flag else value
    default = parameter.show_default if isinstance(parameter.show_default, str) else ""
    return f"| {names} | {value} | {_escaped(parameter.help or '')} | {_escaped(default)} |"


def _table(rows: tuple[str, ...]) -> str:
    return "\n".join(["| option | value | | default |", "|---|---|---|---|", *rows])


def _escaped(text: str) -> str:
    return OPTION.sub(r"`\g<0>`", re.sub(r"([|*<>`_\[\]])", r"\\\1", text))


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx, before the code of a page is run."""
    app.connect("source-read", insert, priority=300)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
