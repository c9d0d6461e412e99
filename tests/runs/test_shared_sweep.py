"""``ellayer sweep --shared``: workers of one folder, killed ones among them, and folders that cannot be used."""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from pathlib import Path

import joblib
import pytest
from sweep_storm import storm
from test_parallel_runs import assert_same_run, table, without_times  # noqa: F401 - a fixture

from ellayer.errors import UsageError
from ellayer.runs import leases, shared_sweep
from ellayer.runs.leases import Lease, Leases
from ellayer.runs.shared_sweep import SharedOptions, run_shared_sweep
from ellayer.runs.sweep import plan_sweep, run_sweep
from ellayer.runs.sweep_journal import JOURNAL, SweepJournal

pytest.importorskip("optuna")
AXES = {"layers": [[3], [4, 2]], "dropout": [0.0, 0.1], "learning_rate": [0.01, 0.02]}


@pytest.fixture
def settings(table) -> dict[str, object]:  # noqa: F811
    return {"source": str(table), "target": "answer", "epochs": 1}


def test_one_worker_writes_the_folder_of_a_plain_sweep(settings, tmp_path):
    plain = run_sweep(settings, AXES, tmp_path / "plain")
    shared = run_shared_sweep(settings, AXES, SharedOptions(tmp_path / "shared"))
    assert shared.path == tmp_path / "shared" / "best"
    assert without_times(shared.trials) == without_times(plain.trials)
    assert (shared.best, shared.labels) == (plain.best, plain.labels)
    assert_same_run(shared.path, plain.path)
    again = run_shared_sweep(settings, AXES, SharedOptions(tmp_path / "shared"))  # nothing is left to do
    assert (again.trials, again.path) == (shared.trials, shared.path)
    other = run_shared_sweep(settings, AXES, SharedOptions(tmp_path / "shared"), tmp_path / "mine")
    assert_same_run(other.path, plain.path)  # the best is fitted once more
    assert not list((tmp_path / "shared" / "workers").iterdir())


def test_a_time_limit_ends_a_worker_and_another_goes_on(settings, tmp_path, monkeypatch):
    folder, fit = tmp_path / "shared", shared_sweep.fit_unit

    def slow(*arguments):
        time.sleep(0.3)
        return fit(*arguments)

    monkeypatch.setattr(shared_sweep, "fit_unit", slow)
    first = run_shared_sweep(settings, AXES, SharedOptions(folder, time_limit=0.2))
    assert len(first.trials) == 2  # of one unit
    second = run_shared_sweep({**settings, "device": "cpu"}, AXES, SharedOptions(folder, n_jobs=2))
    assert len(second.trials) == 8
    assert len((folder / "best" / "sweep.csv").read_text().splitlines()) == 9
    with pytest.raises(UsageError, match="expected a trial that has ended"):
        run_shared_sweep(settings, AXES, SharedOptions(tmp_path / "none", time_limit=1e-9))


def test_an_interrupt_keeps_the_trials_that_have_ended(settings, tmp_path, monkeypatch):
    fit, fits, ended = shared_sweep.fit_unit, itertools.count(), threading.Event()

    def second_is_interrupted(*arguments):
        if next(fits) == 1:
            ended.wait(30)
            time.sleep(0.2)  # the result of the first is on the way
            raise KeyboardInterrupt
        result = fit(*arguments)
        ended.set()
        return result

    monkeypatch.setattr(shared_sweep, "fit_unit", second_is_interrupted)
    options = SharedOptions(tmp_path / "shared", n_jobs=2)
    with joblib.parallel_config("threading"), pytest.raises(KeyboardInterrupt):
        run_shared_sweep(settings, AXES, options)
    assert next(fits) == 2
    with joblib.parallel_config("threading"):
        assert len(run_shared_sweep(settings, AXES, options).trials) == 8
    assert next(fits) == 6  # of four units, the first is not fitted again


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_samplers_draw_the_same_trials_for_any_worker(settings, tmp_path, sampler):
    axes = {
        "layers": [[3], [4, 2]],
        "learning_rate": [0.001, 0.1],
        "dropout": [0.0, 0.5],
        "activation": ["relu", "tanh"],
    }
    results = [
        run_shared_sweep(settings, axes, SharedOptions(tmp_path / name, sampler, 4))
        for name in ("one", "two")
    ]
    assert without_times(results[0].trials) == without_times(results[1].trials)
    rates = {trial["learning_rate"] for trial in results[0].trials}
    assert len(results[0].trials) == 4 == len(rates)
    assert all(0.001 <= rate <= 0.1 for rate in rates)
    assert {trial["layers"] for trial in results[0].trials} <= {"3", "4,2"}


def test_a_unit_of_a_dead_worker_is_another_ones_and_counts_once(settings, tmp_path):
    plan = plan_sweep(settings, AXES)
    journals = [SweepJournal.open(tmp_path, plan, "grid", None) for _ in range(2)]
    with journals[0].lock():
        late = journals[0].take("late")
    with journals[1].lock():
        journals[1].revive(lambda worker: False)
        assert journals[1].take("second").number == 1
        journals[1].revive(lambda worker: worker == "late")
        again = journals[1].take("second")
    assert (again.number, again.points) == (late.number, late.points)
    from ellayer.runs.sweep import fit_unit

    result = fit_unit(plan.job(), late.points)
    assert not journals[0].finish(late, result)  # it was thought dead
    assert journals[1].finish(again, result)
    assert not journals[1].finish(again, result)
    assert journals[0].progress() == (1, 4)
    with journals[0].lock():
        for number in [2] * 10 + [3] * 10:  # units that kill their workers
            assert journals[0].take("killed").number == number
            journals[0].revive(lambda worker: worker == "killed")
        assert journals[0].take("other") is None
        assert journals[0].progress() == (3, 4)
        journals[0].revive(lambda worker: True)
        assert journals[0].take("other").number == 1
    assert "a trial was given up after 10 workers died with it" in journals[0].results({})[0].messages[-1]


def test_leases(tmp_path, monkeypatch):
    look = Leases(tmp_path)
    assert look.is_dead("")
    with Lease(tmp_path) as lease:
        assert not look.is_dead(lease.name)
    assert look.is_dead(lease.name)
    elsewhere = tmp_path / "workers" / "elsewhere_12_ab"
    elsewhere.touch()
    assert not look.is_dead(elsewhere.name)
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.05)
    time.sleep(0.1)
    os.utime(elsewhere, (1, 1))  # whatever its clock says, it has changed
    assert not look.is_dead(elsewhere.name)
    time.sleep(0.1)
    assert look.is_dead(elsewhere.name)


def test_workers_that_are_killed(table, tmp_path):  # noqa: F811
    counts = storm(table, tmp_path, workers=2, kills=1, every=1.0, units=4, pause=0.4)
    assert counts["killed"] == 1
    assert counts["complete"] == [1] * 4
    assert counts["rows"] == 4
    assert counts["codes"] == [0, 0]


@pytest.mark.parametrize(
    ("prepare", "arguments", "message"),
    [
        (None, ("--shared", "/proc/none"), "expected a folder that can be written"),
        ("file", (), "expected a folder that can be written"),
        ("parts", (), "expected an empty folder or one of a sweep, received one with a.csv"),
        ("text", (), "something else or a damaged one"),
        ("studies", (), "a journal of other studies"),
        ("newer", (), "which ellayer 9.0 began; install that version"),
        ("begun", ("--epochs", 2), "expected the settings of the sweep that began there, {'epochs': 1}, received {'epochs': 2}"),
        ("begun", ("--dropout", 0.3), "expected the values of the sweep that began there"),
        ("begun", ("-t", "a"), "expected the target of the sweep that began there, answer, received a"),
        ("begun", ("--sampler", "random", "--trials", 3), "expected the sampler of the sweep that began there"),
        (None, ("--sampler", "random"), "expected the number of trials with it"),
        (None, ("--sampler", "best"), "--sampler: expected grid, random, tpe"),
    ],
)  # fmt: skip
def test_folders_that_cannot_be_used(settings, tmp_path, ellayer, prepare, arguments, message):
    folder = tmp_path / "shared"
    if prepare == "file":
        folder.write_text("")
    elif prepare is not None:
        folder.mkdir()
    axes = {"layers": [[3]], "learning_rate": [0.01]}
    if prepare == "parts":
        (folder / "a.csv").write_text("a,b\n1,2\n")
    if prepare == "text":
        (folder / JOURNAL).write_text("no journal\nat all\n")
    elif prepare == "studies":
        import optuna

        backend = optuna.storages.journal.JournalFileBackend(str(folder / JOURNAL))
        optuna.create_study(storage=optuna.storages.JournalStorage(backend), study_name="mine")
    elif prepare in ("newer", "begun"):
        SweepJournal.open(folder, plan_sweep(settings, axes), "grid", None)
        if prepare == "newer":
            text = (folder / JOURNAL).read_text()
            (folder / JOURNAL).write_text(
                text.replace('"format":1,"ellayer":"0.1.0"', '"format":2,"ellayer":"9.0"')
            )
    done = ellayer("sweep", settings["source"], "-t", "answer", "--epochs", 1, "--layers", 3, "--learning-rate", 0.01,
                   *(() if "--shared" in arguments else ("--shared", folder)), *arguments)  # fmt: skip
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert message in " ".join(done.stderr.split())


def test_a_file_that_has_changed(settings, tmp_path, ellayer):
    path = tmp_path / "rows.csv"
    path.write_text(Path(settings["source"]).read_text())
    axes = {"layers": [[3]], "learning_rate": [0.01]}
    SweepJournal.open(tmp_path / "shared", plan_sweep({**settings, "source": str(path)}, axes), "grid", None)
    path.write_text(path.read_text() + "1.0,1.0,yes\n")
    done = ellayer("sweep", path, "-t", "answer", "--shared", tmp_path / "shared", "--epochs", 1, "--layers", 3,
                   "--learning-rate", 0.01)  # fmt: skip
    assert done.returncode == 2
    assert "expected the file of the sweep that began there" in " ".join(done.stderr.split())


def test_without_optuna(settings, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError, match="pip install 'ellayer\\[search\\]'"):
        run_shared_sweep(settings, AXES, SharedOptions(tmp_path))
