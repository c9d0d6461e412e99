"""progress=True: phases, units, times, in a terminal and in a notebook."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_score

import ellayer
from ellayer import MLPClassifier, Network, TabularRegressor
from ellayer._progress_bars import Bar, StageInfo, bars_html

RANDOM = np.random.default_rng(0)
TABLE = pd.DataFrame({"a": RANDOM.normal(size=60), "b": RANDOM.normal(size=60)})
Y = (TABLE["a"] > 0).astype(int).to_numpy()
NETWORK = Network([2, 3, 1], "tanh")
QUICK = {"tol": 10.0, "n_iter_no_change": 2, "random_state": 0}  # converges after three epochs
COLUMNS = TABLE.to_numpy().T

CALLS = {
    "train": lambda progress: ellayer.train(NETWORK, COLUMNS, Y, num_iterations=20, progress=progress),
    "train_many": lambda progress: ellayer.train_many(
        NETWORK, COLUMNS, Y, seed=[0, 1], num_iterations=20, progress=progress
    ),
    "lbfgs": lambda progress: ellayer.train(
        NETWORK, COLUMNS, Y, optimizer="lbfgs", num_iterations=5, progress=progress
    ),
    "MLP": lambda progress: MLPClassifier((3,), **QUICK).fit(TABLE, Y, progress=progress),
    "table": lambda progress: TabularRegressor(1, epochs=2, random_state=0).fit(
        TABLE, TABLE["a"], progress=progress
    ),
    "explain": lambda progress: ellayer.explain(
        NETWORK, ellayer.initialize_parameters(NETWORK), COLUMNS, progress=progress
    ),
}
PHASES = {
    "train_many": ["training 2 networks"],
    "table": ["preparing the table", "training", "evaluating"],
    "explain": ["explaining"],
}


@pytest.mark.parametrize("call", CALLS)
def test_true_shows_each_phase_and_the_time_it_took(call, capsys):
    CALLS[call](True)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.strip().splitlines()
    assert [re.split(r" ?[━╸╺]|  ", line)[0] for line in lines] == PHASES.get(call, ["training"])
    assert all(re.search(r"took \d", line) for line in lines)
    assert " 0 of " not in err
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("call", CALLS)
def test_a_function_is_called_and_other_things_are_refused(call, capsys):
    reports = []
    CALLS[call](reports.append)
    assert reports
    assert all(report.iteration >= 0 for report in reports)
    CALLS[call](False)
    assert capsys.readouterr().err == ""
    with pytest.raises(
        ellayer.EllayerError, match="progress: expected True, False or a function, received str"
    ):
        CALLS[call]("yes")


def test_a_block_shows_the_fits_of_others(capsys):
    with ellayer.progress():
        with ellayer.progress():  # in the same bars
            cross_val_score(MLPClassifier((3,), **QUICK), TABLE, Y, cv=3)
        CALLS["train"](False)
    assert capsys.readouterr().err.count("training") == 3
    CALLS["train"](None)
    assert capsys.readouterr().err == ""


def test_an_error_leaves_no_bar_behind(capsys):
    def stop(info):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        ellayer.train(NETWORK, COLUMNS, Y, callbacks=[stop], progress=True)
    assert "training" not in capsys.readouterr().err
    CALLS["train"](None)
    assert capsys.readouterr().err == ""


def test_a_notebook_has_one_view_that_is_renewed(monkeypatch, capsys):
    views = []
    handle = SimpleNamespace(update=views.append)

    def show(view, display_id):
        views.append(view)
        return handle

    display = SimpleNamespace(HTML=str, display=show)
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(display=display, get_ipython=lambda: shell))
    CALLS["table"](True)
    assert capsys.readouterr() == ("", "")
    assert "so far" in views[0]
    last = views[-1]
    assert [last.count(phase) for phase in PHASES["table"]] == [1, 1, 1]
    assert last.count("took") == 3
    assert "so far" not in last
    assert len(last) < 5000


def test_the_time_left_is_labelled():
    bar = Bar("reading <rows>", 100, lambda bar: None)
    bar.began -= 30.0
    bar(StageInfo(25, 100, "rows"))
    assert bar.clock() == "1 min 30 s left"
    assert "width:25.0%" in bars_html([bar])
    assert "reading &lt;rows&gt;" in bars_html([bar])
    bar(StageInfo(100, 100, "rows"))
    assert bar.clock() == "took 30 s"
