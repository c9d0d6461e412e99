"""The mutation run: what it changes, and that tests notice a change."""

from __future__ import annotations

import ast
import importlib
import itertools
import json
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
def mutants():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield importlib.import_module("mutants")
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def mutation(mutants):
    return importlib.import_module("mutation")


@pytest.fixture
def record(mutants):
    """A record whose tests a, b and d reach a place of core, and c none."""
    seconds = {"tests/core/test_x.py::a": 1.0, "tests/core/test_x.py::b": 5.0, "tests/core/test_x.py::c": 0.1,
               "tests/steps/test_y.py::d": 0.5}  # fmt: skip
    return mutants.Record(
        "digest", reached={"src/ellayer/core/x.py:0": [t for t in seconds if t[-1] != "c"]}, seconds=seconds
    )


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
    drawn = mutation.draw_mutants(files, 6, seed=1)
    assert drawn == mutation.draw_mutants(files, 6, seed=1) != mutation.draw_mutants(files, 6, seed=2)
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
mutants.TESTS = ("tests/core/test_regularizers.py",)
places = mutants.draw_mutants(mutants._sources(), 1000, 0)
mutants.draw_mutants = lambda *_: [mutant for mutant in places if "l2 / (3.0 * m)" in mutant.after]
mutants.main()
"""


@pytest.mark.slow
def test_the_tests_of_a_file_notice_its_mutants():
    """The whole way, from the marks to the score, in a process that may fork."""
    done = subprocess.run(
        [sys.executable, "-c", ONE_FILE, "--count", "1"],
        cwd=BENCHMARKS, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert "test files: pytest ends with 0" in done.stderr, done.stderr
    assert done.stdout.splitlines()[-1].startswith("1 of 1 mutants noticed")


def test_a_record_continues_a_run_of_the_same_sources_and_mutants(mutants, mutation, tmp_path, monkeypatch):
    path = tmp_path / "record.json"
    drawn = mutation.draw_mutants(mutants._sources(), 2, seed=0)
    record = mutants.Record.read(path, drawn)
    record.results[drawn[0].key] = "tests/core/test_x.py::test_y"
    record.reached = {drawn[0].key: ["tests/core/test_x.py::test_y"]}
    record.write(path)
    assert mutants.Record.read(path, drawn) == record
    with pytest.raises(SystemExit, match="expected the record of these sources"):
        mutants.Record.read(path, drawn[:1])
    monkeypatch.setattr(mutants, "PACKAGES", ("core",))
    with pytest.raises(SystemExit, match="expected the record of these sources"):
        mutants.Record.read(path, drawn)


def test_the_quick_tests_of_the_package_come_first_and_those_of_its_files_last(mutants, mutation, record):
    (mutant,) = [mutation.Mutant("src/ellayer/core/x.py", 1, 0, "", "")]
    tests = record.reached[mutant.key]

    def names(limit):
        return [
            "".join(test[-1] for test in part)
            for part in mutants._rounds(mutant, tests, record.seconds, limit)
        ]

    assert names(limit=60.0) == ["ab", "cd"]  # the second round in the order of the files
    assert names(limit=1.5) == ["a", "d"]
    assert names(limit=0.0) == []
    assert mutants._rounds(mutant, [], record.seconds, 60.0) == []


def test_mutants_are_tried_once_and_again_on_tests_that_changed(mutants, mutation, monkeypatch):
    drawn = mutation.draw_mutants(mutants._sources(), 4, seed=0)
    record = mutants.Record.read(None, drawn)
    record.results |= {drawn[0].key: "test a", drawn[1].key: "", drawn[2].key: ""}
    record.again[drawn[2].key] = ["test b"]
    monkeypatch.setattr(mutants, "TESTS", ())
    monkeypatch.setattr(mutants, "LIBRARIES", ())
    monkeypatch.setattr(mutants, "in_fork", lambda source, work, timeout: 0)
    tried = []
    monkeypatch.setattr(
        mutants, "notice", lambda mutant, tests, *_: tried.append((mutant, tests)) or "test b"
    )
    mutants.run(record, None, drawn, end=0.0)  # no time left
    assert not tried
    mutants.run(record, None, drawn, end=float("inf"))
    assert tried == [(drawn[2], ["test b"]), (drawn[3], [])]
    assert record.results == {
        m.key: test for m, test in zip(drawn, ["test a", "", "test b", "test b"], strict=True)
    }
    assert record.later == [drawn[2].key]
    assert not record.again


def test_changed_test_files_replace_their_marks_and_give_survivors_another_try(
    mutants, record, tmp_path, monkeypatch
):
    key, test = "src/ellayer/core/x.py:0", "tests/core/test_x.py::new"
    record.results[key] = ""
    record.again[key] = ["tests/core/test_x.py::a", "tests/steps/test_y.py::d"]

    def run_marked(source, work, timeout):
        """Note that one test reaches the place, and one that fails."""
        folder = tmp_path / "marks"
        (folder / "1").write_text(f"{key}\t{test}\n{key}\ttests/core/test_x.py::fails\n")
        (folder / "seconds.json").write_text(json.dumps({test: 2.0}))
        return 1

    monkeypatch.setattr(mutants, "in_fork", run_marked)
    monkeypatch.setattr(mutants, "_digest", lambda file: "new")
    mutants.add_reached(record, ["tests/core/test_x.py"], tmp_path / "marked")
    assert record.reached[key] == ["tests/steps/test_y.py::d", test]
    assert record.seconds == {"tests/steps/test_y.py::d": 0.5, test: 2.0}
    assert record.again == {key: ["tests/steps/test_y.py::d", test]}
    assert record.marked == {"tests/core/test_x.py": "new"}
