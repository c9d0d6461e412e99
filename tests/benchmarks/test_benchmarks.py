"""The benchmarks' contenders do the same work: from one start, in one order, to one cost."""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
NAMES = ("workloads", "contenders", "goals", "child", "run", "streaming", "smoke", "record", "busy", "gpu")
MODULES = {*NAMES, "accuracy", "estimators", "scaling", "measuring"}

WORK = [
    (workload, contender)
    for workload, contenders in {
        "cats": ("ellayer", "ellayer-jax", "notes", "sklearn", "torch", "jax-autodiff", "limit"),
        "logistic": ("ellayer", "ellayer-jax", "notes", "sklearn", "torch", "jax-autodiff"),
        "flower": ("ellayer", "ellayer-jax", "notes", "sklearn", "torch", "jax-autodiff", "limit"),
        "mnist": ("ellayer-numpy", "ellayer-jax", "sklearn", "torch", "jax-autodiff", "limit"),
        "small": ("ellayer-numpy", "ellayer-jax", "sklearn", "torch", "jax-autodiff"),
        "many": ("ellayer",),
    }.items()
    for contender in contenders
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """Return the benchmarks' modules, which find each other as scripts of one folder do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        patch.setenv("ELLAYER_CACHE", str(tmp_path_factory.mktemp("compiled")))
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in NAMES})
    for name in [name for name in sys.modules if name.partition(".")[0] in MODULES]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def works(bench) -> dict:
    """Return a tiny version of each workload."""
    return {
        name: bench.workloads.make(bench.workloads.tiny(spec), None)
        for name, spec in bench.workloads.SPECS.items()
    }


@pytest.mark.parametrize(("workload", "contender"), WORK)
def test_contender_reaches_the_cost(bench, works, workload, contender):
    if contender == "torch":
        pytest.importorskip("torch")
    work = works[workload]
    outcome = bench.child.contend(work, contender)
    if contender == "limit" and workload != "flower":
        assert outcome.parameters is None
        return
    if workload == "many":
        assert len(outcome.parameters) == len(bench.workloads.LEARNING_RATES)
        peer = "ellayer-one-by-one"
    else:
        peer = "ellayer-numpy" if contender == "jax-autodiff" else "jax-autodiff"
    expected = bench.child.contend(work, peer).parameters
    cost, wanted = (
        bench.workloads.final_cost(work, parameters) for parameters in (outcome.parameters, expected)
    )
    assert cost == pytest.approx(wanted, rel=1e-9 if work.spec.dtype == "float64" else 1e-4)
    assert wanted < 0.999 * bench.workloads.final_cost(work, work.parameters) or workload == "flower"


def test_contenders_keep_the_same_costs(bench, works):
    tables = [bench.child.contend(works["cats"], name).costs for name in ("ellayer", "notes", "sklearn")]
    assert len(tables[0]) == 3
    np.testing.assert_allclose(tables[1], tables[0], rtol=1e-9)
    np.testing.assert_allclose(tables[2], tables[0], rtol=1e-6)  # scikit-learn clips probabilities


def test_contenders_leave_the_work_as_it_is(bench, works):
    work = works["cats"]
    before = {name: theta.copy() for name, theta in work.parameters.items()}
    bench.child.contend(work, "notes")
    bench.child.contend(work, "sklearn")
    for name, theta in before.items():
        np.testing.assert_array_equal(work.parameters[name], theta)


def test_a_stored_workload_reads_back_the_same(bench, works, tmp_path):
    work = works["small"]
    bench.workloads.save(work, tmp_path)
    again = bench.workloads.load(tmp_path)
    assert again.spec == work.spec
    assert again.X.flags.f_contiguous
    np.testing.assert_array_equal(again.X, work.X)
    np.testing.assert_array_equal(again.Y, work.Y)
    np.testing.assert_array_equal(again.orders, work.orders)
    assert again.parameters.keys() == work.parameters.keys()


def test_final_cost_by_hand(bench):
    spec = bench.workloads.Spec("hand", "", "full_batch", (1, 1), 2, 0.1, iterations=1)
    X, Y = np.array([[0.0, 2.0]]), np.array([[1.0, 0.0]])
    work = bench.workloads.Work(spec, X, Y, {}, np.zeros((0, 2)))
    cost = bench.workloads.final_cost(work, {"W1": np.array([[1.0]]), "b1": np.array([[0.0]])})
    assert cost == pytest.approx((np.log(2) + np.log1p(np.exp(2))) / 2)


def test_missing_data_is_said(bench, tmp_path):
    with pytest.raises(bench.workloads.DataMissingError, match=r"no cats/ in the data folder"):
        bench.workloads.make(bench.workloads.SPECS["cats"], tmp_path)


def test_goals_are_judged(bench):
    goal = bench.goals.Goal("cats", ("notes", "second"), ("ellayer", "second"), 80)
    measured = {("cats", "notes", "second"): 10.0, ("cats", "ellayer", "second"): 0.2}
    assert goal.row(measured)["reached"] is False
    assert goal.row(measured)["measured"] == pytest.approx(50)
    assert goal.row({}) is None
    at_most = bench.goals.Goal("mnist", ("ellayer", "second"), ("limit", "second"), 1.7, at_least=False)
    measured = {("mnist", "limit", "second"): 1.0, ("mnist", "ellayer", "second"): 1.5}
    assert at_most.row(measured)["reached"] is True


def test_every_goal_names_contenders_that_run(bench):
    for goal in bench.goals.GOALS:
        for contender, _ in (goal.numerator, goal.denominator):
            assert contender in bench.workloads.SPECS[goal.workload].contenders


def test_smoke_sees_a_call_that_takes_longer(bench, monkeypatch):
    def work(count):
        return lambda: sum(range(count))

    name = next(iter(bench.smoke.MEASURED))
    monkeypatch.setattr(bench.smoke, "MEASURED", {name: 1.0})
    for count, reached in ((100_000, True), (1_000_000, False)):
        monkeypatch.setattr(bench.smoke, "pairs", lambda count=count: {name: (work(count), work(100_000))})
        (row,) = bench.smoke.rows(repeat=4)
        assert row["reached"] is reached, row


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_one_row_is_predicted_sooner_than_by_scikit_learn(bench):
    pair, _ = bench.smoke._predictions()
    assert bench.smoke.ratio(pair, 2) < 0.9  # 0.22 on a quiet machine


def test_results_are_stored_and_compared_with_those_of_the_same_machine(bench, tmp_path):
    conditions = {"processor": "one", "cores": 2, "clock": "wall"}
    times = {"workload": "cats", "contender": "ellayer", "fresh": 2.0, "second": 1.0}
    goal = bench.goals.judge("busy", "cats, first call (1.2 s)", 2.0, 2.5, False)
    assert bench.record.last(tmp_path / "none", conditions) == {}
    bench.record.store(tmp_path, conditions, ["about"], [times], [goal])
    assert bench.record.last(tmp_path, conditions | {"cores": 1}) == {}
    before = bench.record.last(tmp_path, conditions)
    assert bench.record.changes(before, [times | {"second": 1.1}], [goal]) == ([], 3)
    slower = bench.goals.judge("busy", "cats, first call (1.9 s)", 3.0, 2.5, False)
    rows, compared = bench.record.changes(
        before, [times | {"fresh": 1.0}, times | {"contender": "new"}], [slower]
    )
    assert [(row["of"], row["now / before"]) for row in rows] == [
        ("ellayer, fresh", 0.5), ("cats, first call, measured", 1.5),
    ]  # fmt: skip
    assert compared == 3


def test_a_number_is_compared_with_its_own_last_one(bench, tmp_path):
    conditions = {"processor": "one"}
    measured = {("cats", name, column): float(len(name)) for name in ("notes", "ellayer", "ellayer-warm", "torch")
                for column in ("fresh", "second")}  # fmt: skip
    goals = [row for goal in bench.goals.GOALS if (row := goal.row(measured))]
    goals += [bench.goals.judge("accuracy", f"{name} (mean 0.9)", -0.2, -3.25, True) for name in "ab"]
    bench.record.store(tmp_path, conditions, [], [], goals)
    (tmp_path / "2000-01-01-000000.json").write_text(json.dumps(
        {"conditions": conditions, "results": [], "goals": [row | {"measured": 100.0} for row in goals]}
    ))  # fmt: skip
    (tmp_path / "3000-01-01-000000.json").write_text(json.dumps(
        {"conditions": conditions, "results": [], "goals": [goals[0] | {"measured": 100.0}]}
    ))  # fmt: skip
    before = bench.record.last(tmp_path, conditions)
    assert len(before) == len(goals)  # each has a key of its own
    rows, compared = bench.record.changes(before, [], [*goals[:-1], goals[-1] | {"measured": 1.2}])
    assert compared == len(goals)
    assert [(row["before"], row["before is of"]) for row in rows] == [
        (100.0, "3000-01-01-000000"), (-0.2, rows[1]["before is of"]),
    ]  # fmt: skip


def test_a_shorter_run_is_compared_where_both_have_a_cost(bench):
    long = {"updates": 500, "final_cost": 0.1, "costs": [0.7, 0.5, 0.3, 0.2, 0.15]}
    short = {"updates": 200, "final_cost": 0.29, "costs": [0.7, 0.5]}
    agreement = bench.run.agreement
    assert agreement(long, [short, long], 1e-6) == "yes (table within 0e+00)"
    assert agreement(short, [short], 1e-6) == "yes (table within 0e+00)"
    assert agreement(long | {"costs": [0.7, 0.51]}, [short], 1e-3).startswith("no: 2.0e-02")
    assert agreement(long, [short, long | {"final_cost": 0.2}], 1e-3).startswith("no: 5.0e-01")
    assert agreement(long | {"final_cost": math.nan}, [long], 1e-3).startswith("no")
    assert agreement(long | {"final_cost": None}, [long], 1e-3) == ""


def test_a_peer_does_a_part_of_the_updates(bench, works, tmp_path):
    spec = dataclasses.replace(works["cats"].spec, shortened=3)
    bench.workloads.save(dataclasses.replace(works["cats"], spec=spec), tmp_path)
    run = bench.child.measure(tmp_path, "notes", time.time(), "cpu")
    assert (run["updates"], len(run["costs"])) == (10, 1)
    assert 2 * run["second"] / 3 < run["first"] < run["fresh"]
    assert bench.child.measure(tmp_path, "ellayer-numpy", time.time(), "cpu")["updates"] == 30
    row = bench.run._row(spec, "notes", {"notes": [run]})
    assert bench.run._readable([row])[0]["contender"] == "notes (10 of 30 updates, seconds × 3)"


def test_a_machine_that_others_use_is_warned_of(bench):
    assert bench.record.warning_of(0.05) == ""
    assert "other programs use 60% of the cores" in bench.record.warning_of(0.6)
    assert 0 <= bench.record.busy_share(0.05) <= 1
    others = bench.record.Others()
    time.sleep(0.05)
    share = others.share()
    assert share is None or 0 <= share <= 1.1
    assert bench.record.processor()


def test_busy_cores_end_with_the_context(bench):
    with bench.busy.busy_cores(1) as others:
        assert [process.poll() for process in others] == [None]
    assert all(process.poll() is not None for process in others)


@pytest.mark.slow
def test_the_command_writes_its_tables(bench, works, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(bench.workloads.SPECS, "flower", works["flower"].spec)
    out = tmp_path / "results.json"
    arguments = ["flower", "cats", "--contenders", "ellayer", "notes", "--repeat", "1"]
    code = bench.run.main([*arguments, "--data", str(tmp_path), "--out", str(out)])
    printed = capsys.readouterr().out
    assert code == 0
    assert "| contender |" in printed
    assert "cats: skipped" in printed
    report = json.loads(out.read_text())
    assert {row["contender"] for row in report["results"]} == {"ellayer", "notes"}
    assert all(row["agrees"].startswith("yes") for row in report["results"])


def test_the_command_refuses_what_it_does_not_know(bench, capsys):
    with pytest.raises(SystemExit):
        bench.run.main(["kats"])
    assert "there are cats" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_small_table_is_streamed(bench, capsys):  # the next test reads CSV
    arguments = ["--rows", "1500", "--columns", "8", "--epochs", "2", "--hidden", "8", "--kind", "parquet"]
    assert bench.streaming.main([*arguments, "--limit", "8e9"]) == 1  # so small a file holds no interpreter
    printed = capsys.readouterr().out
    assert "1,500 rows of 8 columns, 0.00 GB of parquet" in printed
    assert printed.count("seconds per epoch") == 2


def test_a_fit_beyond_its_limit_is_ended(bench, tmp_path):
    bench.streaming.generate(tmp_path / "t.csv", 100, 6)
    with pytest.raises(MemoryError, match="took more than 10 MB"):
        bench.streaming.fit("stream", tmp_path / "t.csv", 1, {}, 1e7)


def test_the_study_of_a_gpu_runs_to_its_end_on_a_cpu(bench, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(bench.gpu, "gpu_torch", lambda: None)
    assert bench.gpu.main(["--dry", "--out", str(tmp_path / "gpu.md")]) == 0
    text = (tmp_path / "gpu.md").read_text()
    titles = [line for line in text.splitlines() if line.startswith("## ")]
    assert len(titles) == 7
    assert text.count("| equal |") == 8
    assert "**no**" not in text
    assert "PyTorch is not installed" in text
    assert bench.gpu.main(["--device", "quantum"]) == 2
    assert "received 'quantum'; --dry runs without one" in capsys.readouterr().out


def test_a_study_of_a_gpu_ends_when_its_time_is_over(bench):
    setup = bench.gpu.Setup("cpu", True, end=0.0)
    assert not setup.in_time()
    assert not list(bench.gpu.many_rows(setup))
    assert bench.gpu.flops([4, 3, 2], 10) == 2 * 10 * (2 * 4 * 3 + 3 * 3 * 2)
    cell = {"width": 128, "batch": 1024, "TF32": 50.0, "PyTorch compile, TF32": 200.0}
    (goal,) = bench.gpu.goals([cell])
    assert (goal["measured"], goal["reached"]) == (4.0, True)
    wide = {"width": 4096, "batch": 1024, "TF32: share of products' rate": 0.7}
    goals = [bench.gpu.goals([wide | {"TF32: share of the card's peak": share}])[0] for share in (0.5, None)]
    assert [(goal["measured"], goal["reached"]) for goal in goals] == [(0.5, False), (0.7, True)]
