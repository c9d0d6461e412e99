"""Change the code on purpose and count how many of the changes the tests notice.

    python benchmarks/mutants.py --count 200 --record mutants.json
    python benchmarks/mutants.py --count 200 --record mutants.json --minutes 30    # a part; again for the next one

Each mutant is one small change in ``core``, ``engine`` or ``tables``: another comparison, sign, number, branch or
keyword. A first run of the tests, in a copy of the sources in which the drawn places are marked, records which tests
reach which place and how long each takes. Every mutant is then tried on the tests that reach its place: the quick ones
of its package first, and no further after one that fails. A mutant that no test notices is listed with its line. A run
that was cut short continues from its record, as long as the sources are the same. Test files that changed since are
run with marks again, and what survived is tried on their tests. Every run of the tests is a fork of this process,
which has imported the libraries.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import importlib
import importlib.util
import json
import math
import os
import shutil
import signal
import sys
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from forked_tests import FAULT, Watch, in_fork, run_examples, run_tests
from mutation import MARKS, REACH, ROOT, Mutant, draw_mutants, mark, mutate

PACKAGES = ("core", "engine", "tables")
# Tests that may reach the code of these packages.
TESTS = ("tests/core", "tests/engine", "tests/tables", "tests/properties", "tests/golden", "tests/steps",
         "tests/estimators", "tests/storage", "tests/inspection", "tests/test_views.py", "tests/runs/test_checks.py",
         "tests/data/test_stream_equals_memory.py", "tests/distributed")  # fmt: skip
# Slow tests are left out but for those of these files, and tests of these names altogether: they take minutes.
SLOW = ("tests/engine/test_sharding.py", "tests/distributed/test_group_law.py")
LEFT_OUT = ("test_disturbed_fit.py", "test_scikit_learn_tests.py", "test_scikit_learn_checks.py")
# Imported before the forks. Polars and onnxruntime are not, for their threads would be missing in a fork, nor is
# hypothesis, which pytest rewrites.
LIBRARIES = ("numpy", "scipy.stats", "sklearn.linear_model", "sklearn.model_selection", "pandas", "jax", "optax",
             "h5py")  # fmt: skip
FILES_AT_ONCE = 4  # test files of one run with marks
QUICK = 3.0  # seconds of tests of the mutant's own package that are tried before the others


@dataclass
class Record:
    """The state of a mutation run, kept in a file after every step.

    Parameters
    ----------
    drawn : str
        Digest of the sources and the drawn mutants, which a continued run must not change.
    marked : dict
        Test file that has been run with marks -> digest of it.
    reached : dict
        "FILE:INDEX" -> tests that reach the place.
    seconds : dict
        Test that passes without a change -> seconds.
    results : dict
        "FILE:INDEX" -> the test that noticed the mutant, "" if none did.
    examples : dict
        Source file -> whether the examples of its docstrings pass without a change.
    again : dict
        "FILE:INDEX" -> tests that changed since the mutant survived.
    later : list of str
        "FILE:INDEX" of mutants that only such tests noticed.
    """

    drawn: str
    marked: dict[str, str] = field(default_factory=dict)
    reached: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    examples: dict[str, bool] = field(default_factory=dict)
    again: dict[str, list[str]] = field(default_factory=dict)
    later: list[str] = field(default_factory=list)

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
    places = [ROOT / name for name in TESTS]
    files = [f for p in places for f in ([p] if p.is_file() else sorted(p.rglob("test_*.py")))]
    return [str(f.relative_to(ROOT)) for f in files if f.name not in LEFT_OUT]


def _digest(test_file: str) -> str:
    return hashlib.sha256((ROOT / test_file).read_bytes()).hexdigest()


def _file(test: str) -> str:
    return test.partition("::")[0]


def add_reached(record: Record, files: list[str], source: Path) -> None:
    """Run some test files with marks; add the places that each test reaches, and its seconds."""
    folder = source.parent / "marks"
    folder.mkdir()
    slow = [] if set(files) & set(SLOW) else ["-m", "not slow"]

    def work() -> int:
        os.environ[MARKS] = str(folder)
        watch = Watch()
        code = run_tests(source, files, *slow, plugin=watch)
        (folder / "seconds.json").write_text(json.dumps(watch.passed()))
        return code

    code = in_fork(source, work, 240)
    _say(f"{len(record.marked) + len(files)} test files: pytest ends with {code}")
    report = folder / "seconds.json"
    seconds = json.loads(report.read_text()) if report.exists() else {}
    report.unlink(missing_ok=True)
    for by_place in (record.reached, record.again):
        for key, tests in by_place.items():
            by_place[key] = [test for test in tests if _file(test) not in files]
    record.seconds = {test: time for test, time in record.seconds.items() if _file(test) not in files}
    new: dict[str, set[str]] = {}
    for marks in folder.iterdir():
        for line in marks.read_text().splitlines():
            key, _, test = line.partition("\t")
            if test in seconds:
                new.setdefault(key, set()).add(test)
    shutil.rmtree(folder)
    for key, reaching in new.items():
        record.reached[key] = [*record.reached.get(key, []), *sorted(reaching)]
        if record.results.get(key) == "":
            record.again[key] = [*record.again.get(key, []), *sorted(reaching)]
    record.seconds |= seconds
    record.marked |= {file: _digest(file) for file in files}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _rounds(
    mutant: Mutant, tests: list[str], seconds: dict[str, float], limit: float
) -> list[dict[str, float]]:
    """Return the tests to try, with the seconds allowed to each: the quick ones of the mutant's package, then the others.

    Then come those of the same files that do not reach the place: of code that is traced once, only the first test that
    needs a program reaches the lines. Files with slow tests come last.
    """
    package = Path(mutant.file).parts[2]
    files = {_file(test) for test in tests}
    others = [test for test in seconds if _file(test) in files and test not in tests]
    rounds: list[list[str]] = [[], []]
    spent = 0.0
    in_turn = [*sorted(tests, key=seconds.__getitem__), *sorted(others, key=seconds.__getitem__)]
    begun: set[str] = set()  # files whose slow preparation is paid for
    for test in sorted(in_turn, key=lambda test: _file(test) in SLOW):
        if spent < limit or _file(test) in begun:
            own = test.startswith(f"tests/{package}/") and test in tests
            rounds[not (own and spent < QUICK)].append(test)
            spent += seconds[test]
            begun |= {_file(test)} & {*SLOW}
    order = {test: place for place, test in enumerate(seconds)}
    # Whichever test of a file comes first prepares what they share
    longest: dict[str, float] = {}
    for test, duration in seconds.items():
        longest[_file(test)] = max(longest.get(_file(test), 0.0), duration)
    allowed = {test: min(20 + 10 * longest[_file(test)], 240) for test in seconds}
    # A file at a time
    return [{t: allowed[t] for t in sorted(r, key=order.__getitem__)} for r in rounds if r]


def notice(
    mutant: Mutant,
    tests: list[str],
    seconds: dict[str, float],
    source: Path,
    limit: float,
    examples: bool = False,
) -> str:
    """Return the first of the tests that fails or takes far too long, "" if none does.

    With ``examples``, the docstrings of the changed file come first.
    """
    file = source / Path(mutant.file).relative_to("src")
    original = file.read_text(encoding="utf-8")
    note = source.parent / "last"
    file.write_text(mutate(original, mutant.index), encoding="utf-8")
    # What is compiled of another mutant counts as current if the file has the same size and second
    compiled = Path(importlib.util.cache_from_source(str(file)))
    compiled.unlink(missing_ok=True)
    try:
        if examples and in_fork(source, partial(run_examples, mutant.file), 30) != 0:
            return f"examples of {mutant.file}"
        for chosen in _rounds(mutant, tests, seconds, limit):
            watch, files = Watch(chosen, note), list(dict.fromkeys(map(_file, chosen)))
            note.write_text(f"collecting {files[0]}")
            run = partial(run_tests, source, files, "-x", plugin=watch)
            code = in_fork(source, run, 60 + sum(chosen.values()))
            if code == FAULT:
                raise SystemExit(f"{mutant.key}: the tests could not be started")
            if code != 0:
                return note.read_text() + (" (time)" if code in (None, -signal.SIGALRM) else "")
    finally:
        file.write_text(original, encoding="utf-8")
        compiled.unlink(missing_ok=True)
    return ""


def run(record: Record, path: Path | None, drawn: list[Mutant], end: float, limit: float = 60.0) -> None:
    """Run the tests with marks and try the mutants on ``limit`` seconds of tests, as far as it gets until ``end``."""
    if time.monotonic() > end:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for library in LIBRARIES:
            importlib.import_module(library)
    gc.freeze()  # a collection in a fork would copy what the libraries hold
    warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)  # no thread of a library runs yet
    files = [file for file in _tests() if record.marked.get(file) != _digest(file)]
    with tempfile.TemporaryDirectory() as name:
        marked, source = Path(name, "marked"), Path(name, "src")
        for copy in (marked, source):
            shutil.copytree(ROOT / "src", copy)
        (marked / "mutation_marks.py").write_text(REACH)
        for file in {mutant.file for mutant in drawn}:
            places = [mutant for mutant in drawn if mutant.file == file]
            text = mark((ROOT / file).read_text(encoding="utf-8"), places)
            (marked / Path(file).relative_to("src")).write_text(text, encoding="utf-8")
        for part in _parts(files):
            if time.monotonic() > end:
                return
            add_reached(record, part, marked)
            record.write(path)
        for mutant in drawn:
            first = mutant.key not in record.results
            if not first and mutant.key not in record.again:
                continue
            if time.monotonic() > end:
                return
            tests = (record.reached if first else record.again).get(mutant.key, [])
            if first and mutant.file not in record.examples:
                record.examples[mutant.file] = in_fork(source, partial(run_examples, mutant.file), 30) == 0
            examples = first and record.examples[mutant.file]
            record.results[mutant.key] = notice(mutant, tests, record.seconds, source, limit, examples)
            if not first and record.results[mutant.key]:
                record.later.append(mutant.key)
            record.again.pop(mutant.key, None)
            record.write(path)


def _parts(files: list[str]) -> list[list[str]]:
    """Return the files in parts, those with slow tests alone."""
    quick = [file for file in files if file not in SLOW]
    parts = [quick[i : i + FILES_AT_ONCE] for i in range(0, len(quick), FILES_AT_ONCE)]
    return [*parts, *([file] for file in files if file in SLOW)]


def main() -> None:
    """Print the mutants that no test notices, and the share that is noticed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=200, help="number of mutants")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the choice of mutants")
    parser.add_argument("--record", type=Path, help="JSON file to keep the run in, to continue from")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so many minutes")
    parser.add_argument("--seconds", type=float, default=60.0, help="of tests for one mutant")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # a fork has a session of its own, and would go on
    drawn = draw_mutants(_sources(), options.count, options.seed)
    record = Record.read(options.record, drawn)
    run(record, options.record, drawn, time.monotonic() + 60 * options.minutes, options.seconds)
    survivors = [mutant for mutant in drawn if record.results.get(mutant.key) == ""]
    for mutant in survivors:
        reached = "reached" if record.reached.get(mutant.key) else "reached by no test"
        print(json.dumps(asdict(mutant), ensure_ascii=False), reached)
    tried = len(record.results)
    print(
        f"{tried - len(survivors)} of {tried} mutants noticed ({len(record.later)} by tests that changed since), "
        f"of {len(drawn)} drawn"
    )


if __name__ == "__main__":
    main()
