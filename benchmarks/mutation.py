"""The places of a source that can be changed: the changes, and marks that note which tests reach them."""

from __future__ import annotations

import ast
import random
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MARKS = "ELLAYER_MARKS"  # environment variable: the folder in which a marked place writes who reached it
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.And: ast.Or, ast.Or: ast.And, ast.Not: ast.UAdd,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: the file, the line, and the statement before and after."""

    file: str
    line: int
    index: int  # among the places of the file
    before: str
    after: str

    @property
    def key(self) -> str:
        """Its name in the record."""
        return f"{self.file}:{self.index}"


class _Places(ast.NodeTransformer):
    """Walk the places of a file that can be changed; change the one numbered ``index``."""

    def __init__(self, index: int | None = None):
        self.index, self.count = index, 0
        self.lines: list[int] = []
        self._depth = 0

    def _here(self, node: ast.AST) -> bool:
        self.lines.append(getattr(node, "lineno", 0))
        self.count += 1
        return self.index == self.count - 1

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Look at the body alone: annotations, defaults and the docstring are no places."""
        self._depth += 1
        start = 1 if ast.get_docstring(node) is not None else 0
        node.body[start:] = [self.visit(statement) for statement in node.body[start:]]
        self._depth -= 1
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Look at the methods."""
        node.body = [
            self.visit(s) if isinstance(s, (ast.FunctionDef, ast.ClassDef)) else s for s in node.body
        ]
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """Leave the text of messages as it is."""
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        """Leave texts as they are."""
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Leave annotations as they are."""
        if self._depth and node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Turn a comparison around."""
        self.generic_visit(node)
        if self._depth and len(node.ops) == 1 and self._here(node):
            node.ops = [SWAPS[type(node.ops[0])]()]  # type: ignore[list-item]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Take another operator."""
        self.generic_visit(node)
        if self._depth and type(node.op) in SWAPS and self._here(node):
            node.op = SWAPS[type(node.op)]()  # type: ignore[assignment]
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """Exchange ``and`` and ``or``."""
        self.generic_visit(node)
        if self._depth and self._here(node):
            node.op = SWAPS[type(node.op)]()  # type: ignore[assignment]
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """Leave out a ``not`` or a minus."""
        self.generic_visit(node)
        if self._depth and isinstance(node.op, (ast.Not, ast.USub)) and self._here(node):
            return node.operand
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Take another number, or the other truth value."""
        if not self._depth or not isinstance(node.value, (bool, int, float)) or not self._here(node):
            return node
        value = node.value
        return ast.Constant(not value if isinstance(value, bool) else value + 1)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """Exchange the two values of a conditional expression."""
        self.generic_visit(node)
        if self._depth and self._here(node):
            node.body, node.orelse = node.orelse, node.body
        return node


def draw_mutants(files: list[Path], count: int, seed: int) -> list[Mutant]:
    """Draw mutants evenly over all places of the files."""
    places = []
    for file in files:
        walk = _Places()
        walk.visit(ast.parse(file.read_text(encoding="utf-8")))
        places += [(file, index, line) for index, line in enumerate(walk.lines)]
    picked = random.Random(seed).sample(places, min(count, len(places)))
    return [_describe(file, index, line) for file, index, line in sorted(picked)]


def _describe(file: Path, index: int, line: int) -> Mutant:
    before = ast.unparse(ast.parse(file.read_text(encoding="utf-8"))).splitlines()
    after = mutate(file.read_text(encoding="utf-8"), index).splitlines()
    changed = [(a, b) for a, b in zip(before, after, strict=False) if a != b]
    a, b = changed[0] if changed else ("", "")
    return Mutant(str(file.relative_to(ROOT)), line, index, a.strip(), b.strip())


def mutate(source: str, index: int) -> str:
    """Return the source with its place ``index`` changed."""
    return ast.unparse(ast.fix_missing_locations(_Places(index).visit(ast.parse(source))))


class _Marks(ast.NodeTransformer):
    """Put a call before each of some statements, which notes the test that reaches it."""

    def __init__(self, keys: dict[int, list[str]]):
        self.keys = keys  # by the id of the statement

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                setattr(node, name, [part for statement in statements for part in self._marked(statement)])
        return node

    def _marked(self, statement: ast.stmt) -> list[ast.stmt]:
        calls = [f"__import__('mutation_marks').reach({key!r})" for key in self.keys.get(id(statement), ())]
        return [*ast.parse("\n".join(calls)).body, statement]


def mark(source: str, places: list[Mutant]) -> str:
    """Return a source that notes, before the innermost statement of each place, who reaches it."""
    tree = ast.parse(source)
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    keys: dict[int, list[str]] = {}
    for mutant in places:
        around = [s for s in statements if s.lineno <= mutant.line <= (s.end_lineno or s.lineno)]
        inner = max(around, key=lambda s: (s.lineno, -(s.end_lineno or s.lineno)))
        keys.setdefault(id(inner), []).append(mutant.key)
    return ast.unparse(ast.fix_missing_locations(_Marks(keys).visit(tree)))


# The module mutation_marks of the marked sources.
REACH = """
import os
def reach(key):
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
    seen = (key, test)
    if seen not in SEEN:
        SEEN.add(seen)
        with open(os.path.join(os.environ["ELLAYER_MARKS"], str(os.getpid())), "a") as file:
            file.write(f"{key}\\t{test}\\n")
SEEN = set()
"""
