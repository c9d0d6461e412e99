"""The mutation run: what it changes, and that tests notice a change."""

from __future__ import annotations

import ast
import importlib
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

SOURCE = '''def share(part: float, whole: float = 1.0) -> float:
    """Return part / whole."""
    if not whole > 0 or part < 0:
        raise ValueError("whole: expected more than 0")
    return part / whole if part != whole else 1.0
'''


@pytest.fixture(scope="module")
def mutation():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield importlib.import_module("mutants")
    finally:
        sys.path.remove(str(BENCHMARKS))


def places(mutation, source: str) -> int:
    walk = mutation._Places()
    walk.visit(ast.parse(source))
    return walk.count


def test_every_place_is_one_change_of_the_body(mutation):
    original = ast.unparse(ast.parse(SOURCE))
    changed = [mutation.mutate(SOURCE, index) for index in range(places(mutation, SOURCE))]
    assert len(set(changed)) == len(changed) >= 8
    for text in changed:
        assert text != original
        assert text.count("\n") == original.count("\n")
        assert "whole: float=1.0" in text
        assert "expected more than 0" in text
        compile(text, "mutant", "exec")


def test_the_draw_follows_the_seed_and_names_real_lines(mutation):
    files = [
        mutation.ROOT / "src/ellayer/core/schedules.py",
        mutation.ROOT / "src/ellayer/core/regularizers.py",
    ]
    drawn = mutation.mutants(files, 6, seed=1)
    assert drawn == mutation.mutants(files, 6, seed=1) != mutation.mutants(files, 6, seed=2)
    for mutant in drawn:
        assert mutant.before != mutant.after
        assert 0 < mutant.line <= len((mutation.ROOT / mutant.file).read_text().splitlines())


def test_a_mark_stands_before_the_statement_of_each_place(mutation):
    places = [mutation.Mutant("file.py", line, index, "", "") for index, line in enumerate((3, 3, 5))]
    lines = mutation.mark(SOURCE, places).splitlines()
    assert [line.strip() for line in lines if "reach(" in line] == [
        f"__import__('mutation_marks').reach('file.py:{index}')" for index in range(3)
    ]
    before = {"if": 0, "return": 0}
    for mark, statement in itertools.pairwise(lines):
        if "reach(" in mark and "reach(" not in statement:
            before[statement.split()[0]] += 1
    assert before == {"if": 1, "return": 1}


ONE_FILE = """
import mutants
mutants.LIBRARIES = ("numpy",)
mutants._sources = lambda: [mutants.ROOT / "src/ellayer/core/regularizers.py"]
mutants._tests = lambda: ["tests/core/test_regularizers.py"]
mutants.main()
"""


@pytest.mark.slow
def test_the_tests_of_a_file_notice_its_mutants():
    """The whole way, from the marks to the score, in a process that may fork."""
    done = subprocess.run(
        [sys.executable, "-c", ONE_FILE, "--count", "1", "--seed", "1"],
        cwd=BENCHMARKS, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert "test files: pytest ends with 0" in done.stderr, done.stderr
    assert done.stdout.splitlines()[-1] == "1 of 1 mutants noticed, of 1 drawn"


def test_a_record_continues_a_run_of_the_same_sources_and_mutants(mutation, tmp_path, monkeypatch):
    path = tmp_path / "record.json"
    drawn = mutation.mutants(mutation._sources(), 2, seed=0)
    record = mutation.Record.read(path, drawn)
    record.results[drawn[0].key] = True
    record.reached = {drawn[0].key: ["tests/core/test_x.py::test_y"]}
    record.write(path)
    assert mutation.Record.read(path, drawn) == record
    with pytest.raises(SystemExit, match="expected the record of these sources"):
        mutation.Record.read(path, drawn[:1])
    monkeypatch.setattr(mutation, "PACKAGES", ("core",))
    with pytest.raises(SystemExit, match="expected the record of these sources"):
        mutation.Record.read(path, drawn)


def test_mutants_that_were_tried_are_not_tried_again(mutation, monkeypatch):
    drawn = mutation.mutants(mutation._sources(), 3, seed=0)
    record = mutation.Record.read(None, drawn)
    record.results[drawn[0].key] = True
    monkeypatch.setattr(mutation, "TESTS", ())
    monkeypatch.setattr(mutation, "LIBRARIES", ())
    tried = []
    monkeypatch.setattr(mutation, "notices", lambda mutant, *_: tried.append(mutant) or False)
    mutation.run(record, None, drawn, end=float("inf"))
    assert tried == drawn[1:]
    mutation.run(record, None, mutation.mutants(mutation._sources(), 9, seed=1), end=0.0)  # no time left
    assert len(tried) == 2
