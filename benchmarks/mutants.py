"""Change the code on purpose and count how many of the changes the tests notice.

    python benchmarks/mutants.py --count 200 --record mutants.json
    python benchmarks/mutants.py --count 200 --record mutants.json --minutes 30    # a part; again for the next one

Each mutant is one small change in ``core``, ``engine`` or ``tables``: another comparison, sign, number, branch or
keyword. A first run of the tests under coverage records which tests reach which line and how long each takes;
every mutant is then tried on the tests that reach its line, the fastest first, in a copy of the sources. A
mutant that no test notices is listed with its line. A run that was cut short continues from its record, as long as
the sources are the same. Needs ``pip install coverage``.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("core", "engine", "tables")
# Tests that may reach the code of these packages.
TESTS = ("tests/core", "tests/engine", "tests/tables", "tests/properties", "tests/golden", "tests/steps",
         "tests/estimators/tabular", "tests/storage")  # fmt: skip
FILES_AT_ONCE = 4  # test files of one run under coverage
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


@dataclass
class Record:
    """The state of a mutation run, kept in a file after every step.

    Parameters
    ----------
    sources : str
        Digest of the sources, which a continued run must not change.
    covered : list of str
        Test files that have been run under coverage.
    lines : dict
        File -> line -> tests that reach it.
    seconds : dict
        Test -> seconds.
    results : dict
        "FILE:INDEX" -> whether a test noticed the mutant.
    """

    sources: str
    covered: list[str] = field(default_factory=list)
    lines: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    results: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path | None) -> Record:
        """Return the record in a file, a new one if there is none."""
        sources = hashlib.sha256(b"".join(file.read_bytes() for file in _sources())).hexdigest()
        if path is None or not path.exists():
            return cls(sources)
        record = cls(**json.loads(path.read_text(encoding="utf-8")))
        if record.sources != sources:
            raise SystemExit(f"{path}: expected the record of these sources, received another's; remove it")
        return record

    def write(self, path: Path | None) -> None:
        """Write the record, all or nothing."""
        if path is not None:
            part = path.with_suffix(".part")
            part.write_text(json.dumps(asdict(self)), encoding="utf-8")
            part.replace(path)


def _sources() -> list[Path]:
    return sorted(f for package in PACKAGES for f in (ROOT / "src/ellayer" / package).rglob("*.py"))


def add_coverage(record: Record, tests: list[str]) -> None:
    """Run some test files under coverage; add the lines that each test reaches, and its seconds."""
    from coverage import CoverageData

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings, report = folder / "coveragerc", folder / "tests.xml"
        settings.write_text(
            f"[run]\ndynamic_context = test_function\ndata_file = {folder / 'coverage'}\n"
            f"source = {','.join(str(ROOT / 'src/ellayer' / package) for package in PACKAGES)}\n"
        )
        command = ["-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest", "-q", "-n", "0", "-m", "not slow",
                   "-p", "no:cacheprovider", f"--junitxml={report}", *tests]  # fmt: skip
        subprocess.run([sys.executable, *command], cwd=ROOT, env=_environment(ROOT / "src"), check=False)
        seconds: dict[str, float] = {}
        for case in ElementTree.parse(report).iter("testcase"):
            test = f"{case.get('classname', '')}.{case.get('name', '').partition('[')[0]}"
            seconds[test] = seconds.get(test, 0.0) + float(case.get("time", 0.0))
        by_tail = {".".join(test.split(".")[-2:]): test for test in seconds}
        data = CoverageData(str(folder / "coverage"))
        data.read()
        for file in data.measured_files():
            lines = record.lines.setdefault(str(Path(file).relative_to(ROOT)), {})
            for line, contexts in data.contexts_by_lineno(file).items():
                tails = {".".join(context.split(".")[-2:]) for context in contexts}
                reached = {by_tail[tail] for tail in tails if tail in by_tail}
                lines[str(line)] = sorted({*lines.get(str(line), []), *reached})
    record.seconds |= seconds
    record.covered += tests


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


def run(record: Record, path: Path | None, drawn: list[Mutant], end: float) -> None:
    """Run the tests under coverage and try the mutants, as far as it gets until ``end``."""
    files = [str(f.relative_to(ROOT)) for folder in TESTS for f in sorted((ROOT / folder).rglob("test_*.py"))]
    files = [file for file in files if file not in record.covered]
    for i in range(0, len(files), FILES_AT_ONCE):
        if time.monotonic() > end:
            return
        add_coverage(record, files[i : i + FILES_AT_ONCE])
        record.write(path)
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "src"
        shutil.copytree(ROOT / "src", source)
        for mutant in drawn:
            if mutant.key in record.results:
                continue
            if time.monotonic() > end:
                return
            tests = record.lines.get(mutant.file, {}).get(str(mutant.line), [])
            record.results[mutant.key] = notices(mutant, tests, record.seconds, source)
            record.write(path)


def main() -> None:
    """Print the mutants that no test notices, and the share that is noticed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=200, help="number of mutants")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the choice of mutants")
    parser.add_argument("--record", type=Path, help="JSON file to keep the run in, to continue from")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so many minutes")
    options = parser.parse_args()
    record, drawn = Record.read(options.record), mutants(_sources(), options.count, options.seed)
    run(record, options.record, drawn, time.monotonic() + 60 * options.minutes)
    tried = [mutant for mutant in drawn if mutant.key in record.results]
    survivors = [mutant for mutant in tried if not record.results[mutant.key]]
    for mutant in survivors:
        print(json.dumps(asdict(mutant), ensure_ascii=False))
    print(f"{len(tried) - len(survivors)} of {len(tried)} mutants noticed, of {len(drawn)} drawn")


if __name__ == "__main__":
    main()
