"""Change the code on purpose and count how many of the changes the tests notice.

    python benchmarks/mutants.py --count 200 --record mutants.json
    python benchmarks/mutants.py --count 200 --record mutants.json --minutes 30    # a part; again for the next one

Each mutant is one small change in ``core``, ``engine`` or ``tables``: another comparison, sign, number, branch or
keyword. A first run of the tests, in a copy of the sources in which the drawn places are marked, records which tests
reach which place and how long each takes. Every mutant is then tried on the tests that reach its place, the fastest
first. A mutant that no test notices is listed with its line. A run that was cut short continues from its record, as
long as the sources are the same. Every run of the tests is a fork of this process, which has imported the libraries.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib
import json
import math
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("core", "engine", "tables")
# Tests that may reach the code of these packages.
TESTS = ("tests/core", "tests/engine", "tests/tables", "tests/properties", "tests/golden", "tests/steps",
         "tests/estimators/tabular", "tests/storage")  # fmt: skip
# Imported before the forks. Polars and onnxruntime are not, for their threads would be missing in a fork, nor is
# hypothesis, which pytest rewrites.
LIBRARIES = ("numpy", "scipy.stats", "sklearn.linear_model", "sklearn.model_selection", "pandas", "jax", "optax",
             "h5py")  # fmt: skip
FILES_AT_ONCE = 4  # test files of one run with marks
SECONDS = 60  # of tests for one mutant
FAULT = 70  # exit status of a fork that could not run the tests
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
    drawn : str
        Digest of the sources and the drawn mutants, which a continued run must not change.
    marked : list of str
        Test files that have been run with marks.
    reached : dict
        "FILE:INDEX" -> tests that reach the place.
    seconds : dict
        Test -> seconds.
    results : dict
        "FILE:INDEX" -> whether a test noticed the mutant.
    """

    drawn: str
    marked: list[str] = field(default_factory=list)
    reached: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    results: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path | None, drawn: list[Mutant]) -> Record:
        """Return the record in a file, a new one if there is none."""
        content = b"".join(file.read_bytes() for file in _sources())
        digest = hashlib.sha256(content + "".join(mutant.key for mutant in drawn).encode()).hexdigest()
        if path is None or not path.exists():
            return cls(digest)
        record = cls(**json.loads(path.read_text(encoding="utf-8")))
        if record.drawn != digest:
            raise SystemExit(
                f"{path}: expected the record of these sources and mutants, received another's; remove it"
            )
        return record

    def write(self, path: Path | None) -> None:
        """Write the record, all or nothing."""
        if path is not None:
            part = path.with_suffix(".part")
            part.write_text(json.dumps(asdict(self)), encoding="utf-8")
            part.replace(path)


def _sources() -> list[Path]:
    return sorted(f for package in PACKAGES for f in (ROOT / "src/ellayer" / package).rglob("*.py"))


def _tests() -> list[str]:
    return [str(f.relative_to(ROOT)) for folder in TESTS for f in sorted((ROOT / folder).rglob("test_*.py"))]


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


class _Stopwatch:
    """A plugin of pytest that adds up the seconds of each test."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a phase of a test."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration


def in_fork(source: Path, work: Callable[[], int], timeout: float) -> int | None:
    """Return what ``work`` returns in a fork that imports Ellayer from ``source``, None after ``timeout`` seconds."""
    child = os.fork()
    if child == 0:
        code = FAULT  # an exception here must not unwind the parent's contexts
        try:
            errors, silence = os.dup(2), os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1), os.dup2(silence, 2)
            os.chdir(ROOT)
            os.environ |= {"PYTHONPATH": str(source), "MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1"}
            sys.path[:0] = [str(source)]
            code = work()
        except BaseException:
            os.write(errors, traceback.format_exc().encode())
        finally:
            os._exit(code)
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def run_tests(source: Path, tests: list[str], *options: str, plugins: tuple[object, ...] = ()) -> int:
    """Return pytest's exit status of some tests in this process, with a cache of compiled programs for all runs."""
    cache = source.parent / "cache"
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(cache / "hypothesis")
    return int(
        pytest.main(["-q", "-n", "0", "-o", f"cache_dir={cache}", *options, *tests], plugins=[*plugins])
    )


def add_reached(record: Record, tests: list[str], source: Path) -> None:
    """Run some test files with marks; add the places that each test reaches, and its seconds."""
    folder = source.parent / "marks"
    folder.mkdir()

    def work() -> int:
        os.environ[MARKS] = str(folder)
        stopwatch = _Stopwatch()
        code = run_tests(source, tests, "-m", "not slow", plugins=(stopwatch,))
        (folder / "seconds.json").write_text(json.dumps(stopwatch.seconds))
        return code

    code = in_fork(source, work, 240)
    print(
        f"{len(record.marked) + len(tests)} test files: pytest ends with {code}", file=sys.stderr, flush=True
    )
    report = folder / "seconds.json"
    seconds = json.loads(report.read_text()) if report.exists() else {}
    report.unlink(missing_ok=True)
    for file in folder.iterdir():
        for line in file.read_text().splitlines():
            key, _, test = line.partition("\t")
            if test in seconds:
                record.reached[key] = sorted({*record.reached.get(key, []), test})
    shutil.rmtree(folder)
    record.seconds |= seconds
    record.marked += tests


def notices(mutant: Mutant, tests: list[str], seconds: dict[str, float], source: Path) -> bool:
    """Tell whether a test that reaches the place, or another of its file, fails or takes far too long.

    The others matter for code that is traced once: only the first test that needs a program reaches its lines.
    """
    files = {test.partition("::")[0] for test in tests}
    others = [test for test in seconds if test.partition("::")[0] in files and test not in tests]
    chosen, spent = [], 0.0
    for test in [*sorted(tests, key=seconds.__getitem__), *sorted(others, key=seconds.__getitem__)]:
        if spent < SECONDS:
            chosen.append(test)
            spent += seconds[test]
    if not chosen:
        return False
    file = source / Path(mutant.file).relative_to("src")
    original = file.read_text(encoding="utf-8")
    file.write_text(mutate(original, mutant.index), encoding="utf-8")
    try:
        code = in_fork(source, lambda: run_tests(source, chosen, "-x"), 60 + 4 * spent)
    finally:
        file.write_text(original, encoding="utf-8")
    if code == FAULT:
        raise SystemExit(f"{mutant.key}: the tests could not be started")
    if code in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):  # found without the change?
        return in_fork(source, lambda: run_tests(source, chosen, "--collect-only"), 120) == 0
    return code != 0


def run(record: Record, path: Path | None, drawn: list[Mutant], end: float) -> None:
    """Run the tests with marks and try the mutants, as far as it gets until ``end``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for library in LIBRARIES:
            importlib.import_module(library)
    warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)  # no thread of a library runs yet
    files = [file for file in _tests() if file not in record.marked]
    with tempfile.TemporaryDirectory() as name:
        marked, source = Path(name, "marked"), Path(name, "src")
        for copy in (marked, source):
            shutil.copytree(ROOT / "src", copy)
        (marked / "mutation_marks.py").write_text(REACH)
        for file in {mutant.file for mutant in drawn}:
            places = [mutant for mutant in drawn if mutant.file == file]
            text = mark((ROOT / file).read_text(encoding="utf-8"), places)
            (marked / Path(file).relative_to("src")).write_text(text, encoding="utf-8")
        for i in range(0, len(files), FILES_AT_ONCE):
            if time.monotonic() > end:
                return
            add_reached(record, files[i : i + FILES_AT_ONCE], marked)
            record.write(path)
        for mutant in drawn:
            if mutant.key in record.results:
                continue
            if time.monotonic() > end:
                return
            record.results[mutant.key] = notices(
                mutant, record.reached.get(mutant.key, []), record.seconds, source
            )
            record.write(path)


def main() -> None:
    """Print the mutants that no test notices, and the share that is noticed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=200, help="number of mutants")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the choice of mutants")
    parser.add_argument("--record", type=Path, help="JSON file to keep the run in, to continue from")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so many minutes")
    options = parser.parse_args()
    drawn = mutants(_sources(), options.count, options.seed)
    record = Record.read(options.record, drawn)
    run(record, options.record, drawn, time.monotonic() + 60 * options.minutes)
    tried = [mutant for mutant in drawn if mutant.key in record.results]
    survivors = [mutant for mutant in tried if not record.results[mutant.key]]
    for mutant in survivors:
        print(json.dumps(asdict(mutant), ensure_ascii=False))
    print(f"{len(tried) - len(survivors)} of {len(tried)} mutants noticed, of {len(drawn)} drawn")


if __name__ == "__main__":
    main()
