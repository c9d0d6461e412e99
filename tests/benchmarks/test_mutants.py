"""The mutation run: what it changes, and that tests notice a change."""

from __future__ import annotations

import ast
import importlib
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


def test_a_record_continues_a_run_of_the_same_sources(mutation, tmp_path, monkeypatch):
    path = tmp_path / "record.json"
    record = mutation.Record.read(path)
    mutant = mutation.mutants(mutation._sources(), 2, seed=0)[0]
    record.results[mutant.key] = True
    record.lines = {mutant.file: {"3": ["tests.core.test_x.test_y"]}}
    record.write(path)
    assert mutation.Record.read(path) == record
    monkeypatch.setattr(mutation, "PACKAGES", ("core",))
    with pytest.raises(SystemExit, match="expected the record of these sources"):
        mutation.Record.read(path)


def test_mutants_that_were_tried_are_not_tried_again(mutation, monkeypatch):
    drawn = mutation.mutants(mutation._sources(), 3, seed=0)
    record = mutation.Record.read(None)
    record.results[drawn[0].key] = True
    monkeypatch.setattr(mutation, "TESTS", ())
    tried = []
    monkeypatch.setattr(mutation, "notices", lambda mutant, *_: tried.append(mutant) or False)
    mutation.run(record, None, drawn, end=float("inf"))
    assert tried == drawn[1:]
    mutation.run(record, None, mutation.mutants(mutation._sources(), 9, seed=1), end=0.0)  # no time left
    assert len(tried) == 2
