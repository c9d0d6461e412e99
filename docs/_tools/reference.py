"""Sphinx: ``<!-- reference: ellayer.core -->`` becomes the reference of a module's public names."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from typing import Any

from sphinx.application import Sphinx

MARK = re.compile(r"^<!-- reference: ([\w.]+) -->$", re.MULTILINE)


def insert(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the references into the text of a page."""
    source[0] = MARK.sub(lambda match: reference(match.group(1)), source[0])


def public_names(module_name: str) -> list[str]:
    """Return the names a module lists as public, or the functions and classes it defines."""
    module = importlib.import_module(module_name)
    own = [
        name
        for name, value in vars(module).items()
        if name[0] != "_" and getattr(value, "__module__", "") == module_name and callable(value)
    ]
    return [name for name in getattr(module, "__all__", own) if name != "__version__"]


def home(module_name: str, name: str) -> str:
    """Return the name under which a public thing is documented.

    That of ``ellayer``, where it has one, or of the public package that defines it.
    """
    import ellayer

    value = getattr(importlib.import_module(module_name), name)
    if value is getattr(ellayer, name, None) and name in ellayer.__all__:
        return f"ellayer.{name}"
    package = ".".join(str(getattr(value, "__module__", "")).split(".")[:2])
    defines_it = package.removeprefix("ellayer.") in ellayer._PACKAGES and not module_name.startswith(package)
    return f"{package}.{name}" if defines_it and name in public_names(package) else f"{module_name}.{name}"


def reference(module_name: str) -> str:
    """Return the directives that document the public names of a module.

    A name of ``ellayer`` is documented on the page of its package, under the short name.
    """
    module = importlib.import_module(module_name)
    if module_name == "ellayer":
        in_packages = {
            home(f"ellayer.{p}", n) for p in module._PACKAGES for n in public_names(f"ellayer.{p}")
        }
        names = [name for name in public_names(module_name) if f"ellayer.{name}" not in in_packages]
    else:
        own = (f"{module_name}.", "ellayer.")
        names = [n for n in public_names(module_name) if home(module_name, n).removesuffix(n) in own]
    listed = [name for name in public_names(module_name) if name not in names]
    names.sort(key=lambda name: _is_exception(module, name))
    parts = [f".. py:module:: {module_name}\n"]
    parts += [f"- :py:obj:`~{home(module_name, name)}`: {_summary(getattr(module, name))}" for name in listed]
    parts += ["", *(_directive(module_name, name) for name in names)]
    return "```{eval-rst}\n" + "\n".join(parts) + "```"


def _is_exception(module: Any, name: str) -> bool:
    value = getattr(module, name)
    return inspect.isclass(value) and issubclass(value, Exception)


def _summary(value: Any) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(value) or "").partition("\n")[0]


def _directive(module_name: str, name: str) -> str:
    """Return the directive that documents a name."""
    value, there = getattr(importlib.import_module(module_name), name), home(module_name, name)
    if inspect.isclass(value):
        return f".. autoclass:: {there}\n   :members:\n   :inherited-members:\n"
    if callable(value):
        return f".. autofunction:: {there}\n"
    if inspect.ismodule(value):
        return ""
    return f".. py:data:: {name}\n   :module: {module_name}\n\n   {_content(value)}\n"


def _content(value: Any) -> str:
    """Say what is in a table or a list of names."""
    names = ", ".join(f"``{key}``" for key in value)
    return f"{'A table with the rows' if isinstance(value, Mapping) else 'The names'} {names}."


def leave_out(app: Sphinx, what: str, name: str, value: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what a class has from another library: its own pages tell it better."""
    function = getattr(value, "fget", None) or getattr(value, "func", None) or value
    owner = getattr(function, "__objclass__", function)  # a method of a built-in class has no module
    where = getattr(owner, "__module__", None) or "ellayer"
    return None if str(where).startswith("ellayer") else True


def keep_plain(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Keep bars and final underscores as they are: docstrings are written to be read as text."""
    code = False
    for i, line in enumerate(lines):
        code = line.strip() != "" and (code or line.lstrip().startswith(">>>"))
        if not code:
            parts = re.split(r"(``.*?``)", line)
            parts[::2] = [re.sub(r"(?<!\\)\||(?<=\w)_(?![\w`])", r"\\\g<0>", part) for part in parts[::2]]
            lines[i] = "".join(parts)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx, before the code of a page is run."""
    app.connect("source-read", insert, priority=400)
    app.connect("autodoc-skip-member", leave_out)
    app.connect("autodoc-process-docstring", keep_plain, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
