"""Counts that may only fall: bare ``Any``, ``type: ignore``, and names and headlines that say nothing.

Each package has a line in ``BUDGET``. A count above it is an error; a count below it asks to lower it, so that
an improvement stays one. Code that moves to another package takes its count along.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import NamedTuple

import pytest

# Past participles and private words that do not say what a thing is. Name the thing: message, columns, prediction.
STOP_LIST = {
    "told", "found", "said", "made", "looked", "seen", "held", "given", "kept", "asked", "wanted", "judged",
    "asides", "orders", "knobs", "stretch", "each", "streamed", "there", "those", "what",
}  # fmt: skip


class Counts(NamedTuple):
    """Counts of one package.

    Parameters
    ----------
    bare_any : int
        Arguments annotated ``Any`` or ``Any | None``.
    ignores : int
        Comments ``type: ignore``.
    stop_list : int
        Variables, arguments, attributes, functions and classes whose name is on the stop list.
    what_headlines : int
        Docstrings whose summary begins with "What".
    """

    bare_any: int
    ignores: int
    stop_list: int
    what_headlines: int


BUDGET = {
    "": Counts(0, 1, 0, 0),
    "callbacks": Counts(0, 0, 0, 0),
    "cli": Counts(4, 1, 0, 0),
    "core": Counts(0, 0, 0, 0),
    "data": Counts(1, 0, 0, 0),
    "distributed": Counts(0, 0, 0, 0),
    "engine": Counts(1, 7, 0, 0),
    "estimators": Counts(4, 1, 0, 0),
    "inspection": Counts(3, 0, 0, 0),
    "play": Counts(0, 0, 0, 0),
    "plot": Counts(0, 0, 0, 0),
    "report": Counts(1, 0, 0, 0),
    "runs": Counts(8, 1, 0, 0),
    "serve": Counts(0, 1, 0, 0),
    "steps": Counts(0, 1, 0, 0),
    "storage": Counts(4, 0, 0, 0),
    "tables": Counts(4, 0, 0, 0),
}
VERBS = {"embed", "feed", "need", "proceed", "seed"}  # words that end as a participle does and are none
ANY_SHARE = 0.05  # of all annotated arguments


def annotated_arguments(tree: ast.AST) -> list[ast.expr]:
    """Return the annotations of every argument of every function."""
    annotations = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            a = node.args
            arguments = [*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg]
            annotations += [x.annotation for x in arguments if x is not None and x.annotation is not None]
    return annotations


def is_bare_any(annotation: ast.expr) -> bool:
    """Return True for ``Any``, ``Any | None`` and their like."""
    if isinstance(annotation, ast.BinOp):
        return is_bare_any(annotation.left) or is_bare_any(annotation.right)
    return isinstance(annotation, ast.Name) and annotation.id == "Any"


def defined_names(tree: ast.AST) -> list[tuple[int, str]]:
    """Return every name that a module gives to something, with its line."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append((node.lineno, node.id))
        elif isinstance(node, ast.arg):
            names.append((node.lineno, node.arg))
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.append((node.lineno, node.attr))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler)):
            names.append((node.lineno, node.name or ""))
    return names


def what_headlines(tree: ast.AST) -> list[int]:
    """Return the lines of docstrings that begin with "What"."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        getattr(node, "lineno", 1)
        for node in ast.walk(tree)
        if isinstance(node, documented) and re.match(r"What\b", ast.get_docstring(node) or "")
    ]


def participle_functions(tree: ast.AST) -> list[str]:
    """Return the functions, but not the properties, that are named by a participle alone."""
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and re.fullmatch("_*[a-z]+ed_*", node.name)
        and node.name.strip("_") not in VERBS
        and not any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]


def places(module) -> dict[str, list[str]]:
    """Return where each thing that is counted stands in a module."""
    lines = module.path.read_text(encoding="utf-8").splitlines()
    numbers = {
        "bare_any": [a.lineno for a in annotated_arguments(module.tree) if is_bare_any(a)],
        "ignores": [n for n, line in enumerate(lines, start=1) if re.search(r"#\s*type:\s*ignore", line)],
        "stop_list": [n for n, name in defined_names(module.tree) if name.strip("_").lower() in STOP_LIST],
        "what_headlines": what_headlines(module.tree),
    }
    return {kind: [f"{module.path}:{n}: {lines[n - 1].strip()}" for n in at] for kind, at in numbers.items()}


@pytest.fixture(scope="module")
def counted(modules) -> dict[str, dict[str, list[str]]]:
    packages: dict[str, dict[str, list[str]]] = {}
    for module in modules:
        name = module.package if module.path.parent.name != "ellayer" else ""
        package = packages.setdefault(name, {kind: [] for kind in Counts._fields})
        for kind, at in places(module).items():
            package[kind] += at
    return packages


@pytest.mark.parametrize("kind", Counts._fields)
def test_no_count_rises(counted, kind):
    assert set(counted) == set(BUDGET), "a new package: give it a line in BUDGET"
    for package, by_kind in counted.items():
        budget = getattr(BUDGET[package], kind)
        at = by_kind[kind]
        assert len(at) <= budget, f"{package}: {kind} is {len(at)}, the budget {budget}:\n" + "\n".join(at)


@pytest.mark.parametrize("kind", Counts._fields)
def test_a_count_that_fell_stays_low(counted, kind):
    lower = {
        package: f"lower {kind} of {package!r} from {getattr(BUDGET[package], kind)} to {len(by_kind[kind])}"
        for package, by_kind in counted.items()
        if len(by_kind[kind]) < getattr(BUDGET[package], kind)
    }
    assert not lower, "\n".join(lower.values())


def test_few_arguments_may_be_anything(modules):
    annotations = [a for module in modules for a in annotated_arguments(module.tree)]
    share = sum(map(is_bare_any, annotations)) / len(annotations)
    assert share < ANY_SHARE, f"{100 * share:.1f} % of the annotated arguments are Any"


def test_functions_are_named_by_what_they_do(modules):
    names = [f"{module.path}: {name}" for module in modules for name in participle_functions(module.tree)]
    assert not names, "name them by a verb or by what they return:\n" + "\n".join(names)


def test_counting():
    tree = ast.parse(
        "def f(a: Any, b: Any | None, c: list[Any], *told: int, d=0) -> Any:\n"
        '    """What is done."""\n'
        "    self.made = [seen for seen in a]\n"
        "    return told\n"
    )
    annotations = annotated_arguments(tree)
    assert (len(annotations), sum(map(is_bare_any, annotations))) == (4, 2)
    counts = Counter(name for _, name in defined_names(tree))
    assert counts["told"] == counts["made"] == counts["seen"] == 1
    assert len(what_headlines(tree)) == 1
    source = (
        "def _scaled(): ...\ndef need(): ...\ndef scaled_by(): ...\n@cached_property\ndef passed(self): ...\n"
    )
    assert participle_functions(ast.parse(source)) == ["_scaled"]
