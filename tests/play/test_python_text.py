"""The Python text of a run gives the same parameters, to the bit, in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ellayer.play.problem import make_problem
from ellayer.play.python_text import python_text
from ellayer.play.run import Run
from ellayer.play.state import normal_form
from ellayer.play.tables import GivenFile, SessionTables

TABLE = "size,town,old,price\n" + "".join(
    f"{i % 13},{'abc'[i % 3]},{i % 2 == 0},{3.5 * i + i % 7}\n" for i in range(60)
)
STATES = {
    "flower": {},
    "edges of the data": {
        "data": {"source": "moons", "size": 50, "seed": 3, "removed": [2, 7], "points": [[0.5, 1.0, 1], [0.1, 0.2, 0]],
                 "scale": True, "test_fraction": 0.3},
        "training": {"optimizer": "momentum(beta=0.8)", "batch_size": 7, "l2": 0.1, "dropout": 0.2, "schedule": "cosine",
                     "schedule_length": 50},
    },
    "points alone": {
        "data": {"source": "points", "test_fraction": 0, "points": [[0, 0, 0], [1, 1, 1], [0, 1, 2], [1, 0.5, 2]]},
        "network": {"hidden": [], "initializer": "he_normal", "seed": 5},
        "training": {"optimizer": "adamw", "weight_decay": 0.0, "l1": 0.01},
    },
    "pictures": {
        "data": {"source": "digits"},
        "network": {"hidden": [{"units": 5, "activation": "leaky_relu(0.1)"}, {"units": 4, "activation": "tanh"}]},
        "training": {"loss": "focal(gamma=1)", "batch_size": 64, "schedule": "adaptive"},
    },
    "numbers": {"data": {"source": "waves"}, "training": {"loss": "huber"}},
    "two outputs": {"data": {"source": "breast_cancer"}, "training": {"loss": "cross_entropy", "optimizer": "rmsprop"}},
    "table": {"data": {"source": "upload:file", "target": "price"}, "training": {"learning_rate": 0.05}},
    "classes of a table": {"data": {"source": "upload:file", "target": "town"}},
}  # fmt: skip


def trained(state: dict, file: Path) -> Run:
    """Train a state in parts: updates, single examples and edits."""
    tables = SessionTables({"upload:file": GivenFile(file, file.name, str(file))})
    complete = normal_form(state)
    run = Run(complete, make_problem(complete["data"], tables))
    run.edit("b1", 0, 0, 0.1)
    for count in (1, 17, 30):
        run.advance(count)
    run.advance(2, one_example=True)
    run.edit("W1", 0, 1, -0.125)
    run.advance(5)
    assert run.iteration == 55
    return run


def in_fresh_process(texts: dict[str, str], folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """Run texts, each in its own namespace, and return their parameters."""
    program = (
        "import json, sys, numpy as np\n"
        "for name, text in json.load(open(sys.argv[1])).items():\n"
        "    space = {}\n"
        "    exec(text, space)\n"
        "    np.savez(f'{sys.argv[2]}/{name}.npz', **space['parameters'])\n"
    )
    (folder / "texts.json").write_text(json.dumps(texts))
    arguments = [sys.executable, "-W", "error", "-c", program, str(folder / "texts.json"), str(folder)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return {name: dict(np.load(folder / f"{name}.npz")) for name in texts}


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("play") / "houses.csv"
    path.write_text(TABLE)
    return path


def same_bits(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(a[name].tobytes() == b[name].tobytes() for name in a)


def test_the_texts_give_the_same_bits(file, tmp_path, monkeypatch):
    compiled = trained({}, file)  # as on the page
    monkeypatch.setattr("ellayer.play.run.ENGINE", "numpy+direct")  # the others need no compiling
    runs = {"compiled": compiled} | {name: trained(state, file) for name, state in STATES.items()}
    parameters = in_fresh_process({name: python_text(run) for name, run in runs.items()}, tmp_path)
    different = [name for name, run in runs.items() if not same_bits(run.parameters, parameters[name])]
    assert not different
    assert "engine='jax+direct'" in python_text(compiled)


def test_a_text_is_what_was_done(file):
    text = python_text(trained({}, file))
    assert text.count("ellayer.train(") == 3
    assert "num_iterations=48" in text
    assert "num_iterations=2, batch_size=1" in text
    assert "state.parameters['W1'][0, 1] = -0.125" in text
    assert "parameters['b1'][0, 0] = 0.1" in text


def test_parts_are_the_same_as_one_call(file, monkeypatch):
    monkeypatch.setattr("ellayer.play.run.ENGINE", "numpy+direct")
    state = normal_form(STATES["edges of the data"])
    whole, parts = (Run(state, make_problem(state["data"], SessionTables())) for _ in range(2))
    whole.advance(137)
    for count in (1, 2, 97, 37):
        parts.advance(count)
    assert same_bits(whole.parameters, parts.parameters)
    assert [part.count for part in parts.parts] == [137]


def test_a_long_run_keeps_a_short_history(file, monkeypatch):
    monkeypatch.setattr("ellayer.play.run.ENGINE", "numpy+direct")
    monkeypatch.setattr("ellayer.play.limits.CURVE", 4)
    state = normal_form({"training": {"batch_size": 200}})
    whole, parts = (Run(state, make_problem(state["data"], SessionTables())) for _ in range(2))
    whole.advance(3000)
    for _ in range(30):
        parts.advance(100)
        parts.record()
    assert same_bits(whole.parameters, parts.parameters)
    for columns in (whole.history, parts.history):
        assert len(columns["loss"]) <= 15
        assert columns["iteration"] == sorted(columns["iteration"])
        assert columns["iteration"][-1] == 2900
        assert all(len(column) == len(columns["loss"]) for column in columns.values())
    assert len(parts.curve) <= 9
    assert parts.curve[-1][0] == 3000


def test_the_stop_rules(file, monkeypatch):
    monkeypatch.setattr("ellayer.play.run.ENGINE", "numpy+direct")
    state = normal_form({"stop": {"iterations": 150}})
    run = Run(state, make_problem(state["data"], SessionTables()))
    run.advance(100)
    assert run.finished is None
    run.advance(100)
    assert (run.iteration, run.finished) == (150, "iterations")
    run.advance(10)
    assert run.iteration == 150
    patient = normal_form(
        {"data": {"source": "moons", "size": 40, "noise": 0.5, "test_fraction": 0.5},
         "network": {"hidden": [{"units": 20, "activation": "relu"}], "initializer": "auto"},
         "training": {"optimizer": "adam", "learning_rate": 0.05}, "stop": {"test_cost_patience": 3}}
    )  # fmt: skip
    ends = []
    for sizes in ((5000,), (37,) * 140):  # the rule does not depend on the size of the chunks
        run = Run(patient, make_problem(patient["data"], SessionTables()))
        for count in sizes:
            run.advance(count)
        assert run.finished == "patience"
        ends.append(run.iteration)
    assert ends[0] == ends[1] < 5000
    assert ends[0] % 100 == 0


def test_divergence_is_an_end_that_an_edit_lifts(monkeypatch):
    monkeypatch.setattr("ellayer.play.run.ENGINE", "numpy+direct")
    state = normal_form({"data": {"source": "slope"}, "training": {"learning_rate": 1e5}})
    run = Run(state, make_problem(state["data"], SessionTables()))
    run.advance(2000)
    assert run.finished == "divergence"
    assert all(np.isfinite(theta).all() for theta in run.parameters.values())
    run.edit("W1", 0, 0, 0.0)
    assert run.finished is None
