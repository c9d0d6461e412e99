"""Private names of scikit-learn are used in one file, ``_sklearn_compat.py``."""

from __future__ import annotations

import ast

ONLY = "ellayer._sklearn_compat"
# Attributes of scikit-learn's objects that are private, or documented but nobody's to set.
PRIVATE = {
    "_init_callback_context", "_no_improvement_count", "_optimizer", "_parent_callback_ctx",
    "_skl_callbacks", "sparse_input_", "y_type_",
}  # fmt: skip


def private_uses(tree: ast.AST) -> list[tuple[int, str]]:
    """Return imports of private names of scikit-learn and uses of private attributes, with their lines."""
    uses = []
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute) and node.attr in PRIVATE:
            uses.append((node.lineno, node.attr))
        elif isinstance(node, ast.Constant) and node.value in PRIVATE:
            uses.append((node.lineno, node.value))
        for name in names:
            parts = name.split(".")
            if parts[0] == "sklearn" and any(part.startswith("_") for part in parts):
                uses.append((node.lineno, name))
    return uses


def test_one_file_uses_private_names_of_scikit_learn(modules):
    wrong = [
        f"{module.path}:{line} uses {name}; put it into {ONLY}"
        for module in modules
        if module.name != ONLY
        for line, name in private_uses(module.tree)
    ]
    assert not wrong, "\n".join(wrong)


def test_that_file_uses_each_of_them(modules):
    (module,) = (m for m in modules if m.name == ONLY)
    assert {name for _, name in private_uses(module.tree)} >= PRIVATE


def test_private_uses_are_seen():
    code = "from sklearn.utils._x import A\nimport sklearn._y\nz._optimizer\ngetattr(z, 'y_type_')\nfrom ._warn import w"
    assert [line for line, _ in private_uses(ast.parse(code))] == [1, 2, 3, 4]
