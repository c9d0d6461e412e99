"""Change the code on purpose and count how many of the changes the tests notice.

    python benchmarks/mutants.py --count 200

Each mutant is one small change in ``core``, ``engine`` or ``tables``: another comparison, sign, number, branch or
keyword. A first run of the tests under coverage records which tests reach which line and how long each takes;
every mutant is then tried on the tests that reach its line, the fastest first, in a copy of the sources. A
mutant that no test notices is listed with its line. Needs ``pip install coverage``.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("core", "engine", "tables")
# Tests that may reach the code of these packages.
TESTS = ("tests/core", "tests/engine", "tests/tables", "tests/properties", "tests/golden", "tests/steps",
         "tests/estimators/tabular", "tests/storage")  # fmt: skip
SECONDS = 90  # of tests for one mutant
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


def mutants(files: list[Path], count: int, seed: int) -> list[Mutant]:
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


def coverage_of(folder: Path) -> tuple[dict[str, dict[int, list[str]]], dict[str, float]]:
    """Run the tests once; return file -> line -> tests that reach it, and test -> seconds."""
    from coverage import CoverageData

    settings = folder / "coveragerc"
    settings.write_text(
        f"[run]\ndynamic_context = test_function\ndata_file = {folder / 'coverage'}\n"
        f"source = {','.join(str(ROOT / 'src/ellayer' / package) for package in PACKAGES)}\n"
    )
    report = folder / "tests.xml"
    command = ["-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest", "-q", "-n", "0", "-m", "not slow",
               "-p", "no:cacheprovider", f"--junitxml={report}", *TESTS]  # fmt: skip
    subprocess.run([sys.executable, *command], cwd=ROOT, env=_environment(ROOT / "src"), check=False)
    seconds: dict[str, float] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        module = case.get("classname", "").split(".")
        name = f"{'.'.join(module)}.{case.get('name', '').partition('[')[0]}"
        seconds[name] = seconds.get(name, 0.0) + float(case.get("time", 0.0))
    by_tail = {".".join(name.split(".")[-2:]): name for name in seconds}
    data = CoverageData(str(folder / "coverage"))
    data.read()
    lines: dict[str, dict[int, list[str]]] = {}
    for file in data.measured_files():
        tests = {
            line: sorted(
                {by_tail[tail] for c in contexts if (tail := ".".join(c.split(".")[-2:])) in by_tail}
            )
            for line, contexts in data.contexts_by_lineno(file).items()
        }
        lines[str(Path(file).relative_to(ROOT))] = tests
    return lines, seconds


def _environment(source: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(source), "MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1"}


def _node(test: str) -> str:
    """Return pytest's name of a test: ``tests.core.test_x.test_y`` or with a class in between."""
    parts = test.split(".")
    at = max(
        i
        for i, part in enumerate(parts)
        if part.startswith("test_") and (ROOT / Path(*parts[: i + 1])).with_suffix(".py").exists()
    )
    return "::".join([str(Path(*parts[: at + 1]).with_suffix(".py")), *parts[at + 1 :]])


def notices(mutant: Mutant, tests: list[str], seconds: dict[str, float], source: Path) -> bool:
    """Tell whether a test that reaches the line fails, or takes far too long."""
    chosen, spent = [], 0.0
    for test in sorted(tests, key=lambda test: seconds[test]):
        if spent < SECONDS:
            chosen.append(_node(test))
            spent += seconds[test]
    if not chosen:
        return False
    file = source / Path(mutant.file).relative_to("src")
    original = file.read_text(encoding="utf-8")
    file.write_text(mutate(original, mutant.index), encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *chosen],
            cwd=ROOT, env=_environment(source), capture_output=True, timeout=60 + 4 * spent, check=False,
        )  # fmt: skip
        return done.returncode != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        file.write_text(original, encoding="utf-8")


def run(count: int, seed: int, record: Path | None) -> Iterator[tuple[Mutant, bool]]:
    """Try the mutants one after another."""
    files = sorted(f for package in PACKAGES for f in (ROOT / "src/ellayer" / package).rglob("*.py"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if record is not None and record.exists():
            lines, seconds = json.loads(record.read_text())
            lines = {file: {int(k): v for k, v in tests.items()} for file, tests in lines.items()}
        else:
            lines, seconds = coverage_of(folder)
            if record is not None:
                record.write_text(json.dumps([lines, seconds]))
        shutil.copytree(ROOT / "src", folder / "src")
        for mutant in mutants(files, count, seed):
            yield (
                mutant,
                notices(mutant, lines.get(mutant.file, {}).get(mutant.line, []), seconds, folder / "src"),
            )


def main() -> None:
    """Print the mutants that no test notices, and the share that is noticed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=200, help="number of mutants")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the choice of mutants")
    parser.add_argument(
        "--record", type=Path, help="JSON file to keep the coverage of the tests in, for the next run"
    )
    options = parser.parse_args()
    begin, results = time.monotonic(), []
    for mutant, noticed in run(options.count, options.seed, options.record):
        results.append(noticed)
        if not noticed:
            print(json.dumps(asdict(mutant), ensure_ascii=False), flush=True)
    print(f"{sum(results)} of {len(results)} mutants noticed, {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
