"""Docstrings: everything public has one, and the equations say the shapes of what they take and return."""

from __future__ import annotations

import ast
import importlib
import inspect

import pytest

from ellayer.core import propagation


def _public(body: list[ast.stmt], prefix: str = ""):
    """Public functions and classes of a body, and the public methods of those classes."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body, f"{prefix}{node.name}.")


def test_every_module_public_function_and_class_has_a_docstring(modules):
    missing = []
    for module in modules:
        if ast.get_docstring(module.tree) is None and module.path.read_text(encoding="utf-8").strip():
            missing.append(str(module.path))
        missing += [
            f"{module.path}:{node.lineno} {name}"
            for name, node in _public(module.tree.body)
            if ast.get_docstring(node) is None and not _overrides(node)
        ]
    assert not missing, "without a docstring:\n" + "\n".join(missing)


def _overrides(node: ast.AST) -> bool:
    """Whether a function says that its docstring is the overridden one's, or belongs to a property's getter."""
    names = {getattr(d, "id", getattr(d, "attr", "")) for d in getattr(node, "decorator_list", [])}
    return bool(names & {"override", "overload", "setter"})


def test_docstrings_begin_with_one_line_that_ends():
    """NumPy's style: a summary of one line, ended by a full stop, a colon or an equation."""
    wrong = []
    for name in ("core", "engine", "inspection"):
        package = importlib.import_module(f"ellayer.{name}")
        for public in package.__all__:
            thing = getattr(package, public)
            if callable(thing):
                first = inspect.getdoc(thing).splitlines()[0]
                if len(first) > 110 or first[-1] not in ".:;":
                    wrong.append(f"{name}.{public}: {first!r}")
    assert not wrong, "\n".join(wrong)


EQUATIONS = [
    name
    for name, f in vars(propagation).items()
    if inspect.isfunction(f) and f.__module__ == propagation.__name__ and not name.startswith("_")
]


@pytest.mark.parametrize("name", [n for n in EQUATIONS if n not in ("linear_gradients", "relative_weights")])
def test_the_equations_have_sections_with_shapes(name):
    f = getattr(propagation, name)
    text = inspect.getdoc(f)
    assert "\nParameters\n----------" in text
    assert "\nReturns\n-------" in text
    section = text.partition("Parameters\n----------")[2].partition("\n\n")[0]
    for parameter in inspect.signature(f).parameters:
        assert parameter in section, f"{name} does not describe {parameter}"
    for array in ("A_prev", "W", "b", "AL", "Y", "X", "dZ", "dA", "weights", "mask", "ZL", "alpha"):
        if array in inspect.signature(f).parameters:
            line = next(
                l for l in section.splitlines() if array in l.partition(":")[0].replace(",", " ").split()
            )
            assert "shape (" in line or "(" in line, f"{name} does not say the shape of {array}"


def test_the_equations_are_typed():
    for name in EQUATIONS:
        signature = inspect.signature(getattr(propagation, name))
        assert signature.return_annotation is not inspect.Signature.empty
        assert all(p.annotation is not p.empty for p in signature.parameters.values())


def test_examples_remove_their_folders(modules):
    """An example makes its files in ``tempfile.TemporaryDirectory``; ``mkdtemp`` would leave a folder each time."""
    assert not [str(module.path) for module in modules if "mkdtemp" in module.path.read_text("utf-8")]
