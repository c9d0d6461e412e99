"""The shape of ``core``: pairs side by side, one row each, one page of equations.

The rule for pairs: every ``X_forward`` in ``core`` has its ``X_backward`` in the same module, and it is
the next of the two kinds to come: other functions (``compute_cost``, a helper) may stand between, no
other forward or backward may.
"""

from __future__ import annotations

import ast
import io
import tokenize

from ellayer.core import ACTIVATIONS, INITIALIZERS, LOSSES, OPTIMIZERS, SCHEDULES
from ellayer.core import activations as activations_module
from ellayer.core import losses as losses_module

# Functions that have a direction only together with another's.
TWO_FORWARDS_ONE_BACKWARD: set[str] = set()


def _functions(module) -> list[str]:
    return [node.name for node in module.tree.body if isinstance(node, ast.FunctionDef)]


def test_every_forward_is_followed_by_its_backward(modules):
    wrong, pairs = [], 0
    for module in (m for m in modules if m.package == "core"):
        directed = [name for name in _functions(module) if name.endswith(("_forward", "_backward"))]
        directed = [name for name in directed if not name.startswith("_")]
        for i, name in enumerate(directed):
            stem, _, direction = name.rpartition("_")
            neighbour = (
                directed[i + 1 : i + 2] if direction == "forward" else directed[i - 1 : i] if i else []
            )
            partner = f"{stem}_{'backward' if direction == 'forward' else 'forward'}"
            if neighbour != [partner]:
                wrong.append(f"{module.path.name}: {name} should stand next to {partner}, not {neighbour}")
            pairs += direction == "forward"
    assert not wrong, "\n".join(wrong)
    assert pairs >= 25


def _stem(function) -> str:
    name = getattr(function, "func", function).__name__
    return name.removesuffix("_forward").removesuffix("_backward")


def test_the_rows_hold_pairs_that_belong_together():
    for spec in ACTIVATIONS:
        row = ACTIVATIONS[spec]
        assert _stem(row.forward) == _stem(row.backward) == spec
    for spec in LOSSES:
        row = LOSSES[spec]
        assert _stem(row.forward) == _stem(row.backward) == spec
        if row.fused is not None:
            assert _stem(row.fused.forward) == _stem(row.fused.backward)
            assert _stem(row.fused.forward) in (spec, f"{row.output}_{spec}")


def test_every_pair_of_the_tables_modules_has_a_row():
    """No activation or loss that was written and forgotten (helpers of other pairs are called by name)."""
    for module, table in ((activations_module, ACTIVATIONS), (losses_module, LOSSES)):
        written = {name.removesuffix("_forward") for name in vars(module) if name.endswith("_forward")}
        used = set()
        for spec in table:
            row = table[spec]
            used |= {_stem(pair.forward) for pair in (row, getattr(row, "fused", None)) if pair is not None}
        imported = {"softplus"} if module is losses_module else {"blend"}  # blend: one of any row with z
        assert written - used - imported == set()


def test_the_tables_are_as_long_as_promised():
    assert {"sigmoid", "tanh", "relu", "leaky_relu", "identity", "softmax"} <= set(ACTIVATIONS)
    assert {"elu", "selu", "gelu", "silu", "mish", "softplus"} <= set(ACTIVATIONS)
    assert {
        "binary_cross_entropy",
        "cross_entropy",
        "squared_error",
        "absolute_error",
        "huber",
        "poisson",
    } <= set(LOSSES)
    assert {
        "zeros",
        "randn",
        "randn_over_sqrt",
        "xavier_normal",
        "he_normal",
        "lecun_normal",
        "orthogonal",
    } <= set(INITIALIZERS)
    assert {"gd", "momentum", "nesterov", "rmsprop", "adam", "adamw"} <= set(OPTIMIZERS)
    assert {"constant", "step", "exponential", "cosine", "warm_up"} <= set(SCHEDULES)


def _lines_of_code(source: str) -> int:
    """Lines that hold code: no blank line, no comment, no docstring."""
    docstrings = set()
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            and ast.get_docstring(node) is not None
        ):
            docstrings |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    layout = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
              tokenize.ENCODING)  # fmt: skip
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in layout:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - docstrings)


def test_counting_lines_of_code():
    assert (
        _lines_of_code('"""One."""\n\n# two\ndef f(\n    x,\n):\n    """Three."""\n    return x  # four\n')
        == 4
    )


def test_the_page_of_equations_stays_a_page(modules):
    (page,) = (m for m in modules if m.name == "ellayer.core.propagation")
    source = page.path.read_text(encoding="utf-8")
    assert _lines_of_code(source) < 300
    assert len(source.splitlines()) < 400


def test_core_holds_no_state(modules):
    """No global statement, no file, no clock, no generator but the one an initializer makes of its seed."""
    forbidden = {"open", "print", "input"}
    wrong = []
    for module in (m for m in modules if m.package == "core"):
        for node in ast.walk(module.tree):
            if isinstance(node, (ast.Global, ast.Nonlocal)):
                wrong.append(f"{module.path.name}:{node.lineno} changes a variable outside")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in forbidden:
                wrong.append(f"{module.path.name}:{node.lineno} calls {node.func.id}")
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript):
                wrong.append(f"{module.path.name}:{node.lineno} writes into an array or a dict")
    assert not wrong, "\n".join(wrong)
