"""Trials, folds and members by several processes: the run is that of one process."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import ellayer
from ellayer.engine import ahead
from ellayer.engine.workers import Workers
from ellayer.errors import UsageError
from ellayer.runs.sweep import run_sweep
from ellayer.runs.train_run import train_run

TIMES = {"seconds", "began", "run", "path"}


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    random = np.random.RandomState(0)
    rows = [f"{a:.3f},{b:.3f},{'yes' if a + b > 0.2 else 'no'}\n" for a, b in random.normal(size=(80, 2))]
    path = tmp_path_factory.mktemp("table") / "rows.csv"
    path.write_text("a,b,answer\n" + "".join(rows))
    return path


@pytest.fixture
def tasks(monkeypatch) -> list[str]:
    """Return the names of the functions that workers are given."""
    names: list[str] = []
    submit = Workers.submit

    def named(self, function, arguments):
        names.append(function.__name__)
        return submit(self, function, arguments)

    monkeypatch.setattr(Workers, "submit", named)
    return names


def without_times(value: object) -> object:
    """Return the content of a run without what depends on its time and place."""
    if isinstance(value, dict):
        return {key: without_times(each) for key, each in value.items() if key not in TIMES}
    return [without_times(each) for each in value] if isinstance(value, list) else value


def assert_same_run(ours: Path, theirs: Path) -> None:
    one, other = (without_times(json.loads((path / "run.json").read_text())) for path in (ours, theirs))
    assert one == other
    assert (ours / "config.toml").read_text() == (theirs / "config.toml").read_text()
    for one, other in zip(
        *(ellayer.load(path / "model.ellayer").members_ for path in (ours, theirs)), strict=True
    ):
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


def test_a_run_with_members_and_folds_by_workers(table, tmp_path, tasks, monkeypatch):
    monkeypatch.setattr(ahead, "FEWEST_SECONDS", 0.0)
    settings = {"source": str(table), "target": "answer", "epochs": 3, "members": 2, "layers": [4], "cv": 3}
    train_run(settings, tmp_path / "one")
    assert not tasks
    train_run({**settings, "n_jobs": 2}, tmp_path / "several")
    assert {"run", "_predict_fold"} == set(tasks)
    assert_same_run(tmp_path / "one", tmp_path / "several")


def test_the_best_model_by_workers(table, tmp_path, tasks):
    settings = {
        "source": str(table),
        "target": "answer",
        "epochs": 2,
        "members": 1,
        "layers": [4],
        "model": "best",
    }
    train_run(settings, tmp_path / "one")
    assert not tasks
    train_run({**settings, "n_jobs": 2}, tmp_path / "several")
    assert tasks == ["_fit_model"]
    assert_same_run(tmp_path / "one", tmp_path / "several")


def test_a_sweep_by_workers(table, tmp_path, tasks):
    settings = {"source": str(table), "target": "answer", "epochs": 2}
    axes = {"layers": [[3], [4, 2]], "dropout": [0.0, 0.1], "learning_rate": [0.01, 0.02]}
    plain = run_sweep(settings, axes, tmp_path / "one")
    shown = []
    several = run_sweep(settings, axes, tmp_path / "several", lambda label, total: shown.append, n_jobs=2)
    assert tasks == ["fit_unit"]
    assert [(info.iteration, info.total, info.unit) for info in shown] == [
        (k, 4, "trials") for k in (1, 2, 3, 4)
    ]
    assert without_times(plain.trials) == without_times(several.trials)
    assert_same_run(plain.path, several.path)


def test_no_trial_begins_after_the_time_limit(table, tmp_path, monkeypatch):
    settings = {"source": str(table), "target": "answer", "epochs": 1}
    axes = {"layers": [[3], [4], [5]], "learning_rate": [0.01]}
    assert len(run_sweep(settings, axes, tmp_path / "short", time_limit=1e-9).trials) == 1


def test_an_error_of_a_fit_elsewhere_is_the_same(table, tmp_path):
    settings = {"source": str(table), "target": "answer", "epochs": 1}
    axes = {"layers": [[3], [4]], "optimizer": ["nothing"], "learning_rate": [0.01]}
    messages = []
    for n_jobs in (None, 2):
        with pytest.raises(ellayer.EllayerError) as caught:
            run_sweep(settings, axes, tmp_path / "error", n_jobs=n_jobs)
        messages.append((type(caught.value), str(caught.value)))
    assert messages[0] == messages[1]
    assert not (tmp_path / "error").exists()


@pytest.mark.parametrize("options", [("--n-jobs", 0), ("--time-limit", 0), ("--time-limit", "inf")])
def test_odd_numbers(table, ellayer, options):
    done = ellayer("sweep", table, "-t", "answer", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{options[0]}: expected" in done.stderr


def test_no_jobs_at_all(table, tmp_path):
    with pytest.raises(UsageError, match="--n-jobs: expected"):
        train_run({"source": str(table), "target": "answer", "n_jobs": 0}, tmp_path / "none")
