"""``ellayer trace`` and ``ellayer check``: a model file and examples in, tables and verdicts out."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ellayer import Network, data, initialize_parameters, save, train


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small trained network as a file."""
    F = data.load("flower")
    result = train(Network([2, 4, 1], "tanh"), F.X, F.Y, learning_rate=1.2, num_iterations=200, seed=2)
    path = tmp_path_factory.mktemp("models") / "flower.ellayer"
    save(result, path)
    return path, result, F


def test_a_row_is_traced_in_full(ellayer, model):
    path, result, F = model
    done = ellayer("trace", path, "flower", "--row", 3)
    assert done.returncode == 0, done.stderr
    for name in ("Z1", "A2", "J", "dA1", "dZ2", "dW1", "db2", "new W2", "learning rate 1.2"):
        assert name in done.stdout
    step = json.loads(ellayer("trace", path, "flower", "--row", 3, "--json").stdout)
    values = {s["name"]: s["values"] for s in step["steps"]}
    np.testing.assert_allclose(values["A2"], result.predict_proba(F.X[:, [3]]), rtol=1e-12)


def test_a_cell_a_weight_and_a_page(ellayer, model, tmp_path):
    path = model[0]
    assert "W1[0,0]" in ellayer("trace", path, "flower", "--cell", "Z1,0,3").stdout
    derived = ellayer("trace", path, "flower", "--weight", "W2,0,3", "--html", "page.html")
    assert "relative error" in derived.stdout
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "<math" in page
    again = ellayer("trace", path, "flower", "--html", "page.html")
    assert again.returncode == 2
    assert "does not exist yet" in again.stderr


def test_check_passes_on_a_right_model(ellayer, model):
    path = model[0]
    done = ellayer("check", path, "flower", "--rows", 50)
    assert done.returncode == 0, done.stderr
    assert "PASSED" in done.stdout
    told = json.loads(ellayer("check", path, "flower", "--directions", 3, "--json").stdout)
    assert told["passed"] is True
    assert [row["name"] for row in told["rows"]] == ["dW1", "db1", "dW2", "db2"]


def test_check_ends_with_1_where_a_gradient_cannot_be_checked(ellayer, tmp_path):
    network = Network([2, 3, 1])
    save((network, initialize_parameters(network, "zeros")), tmp_path / "zeros.ellayer")
    done = ellayer("check", "zeros.ellayer", "flower", "--rows", 20)
    assert done.returncode == 1
    assert "NOT CHECKED" in done.stdout
    told = json.loads(ellayer("check", "zeros.ellayer", "flower", "--rows", 20, "--json").stdout)
    assert told["passed"] is False
    assert told["rows"][0]["numeric"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trace", "MODEL", "iris"], "expected (2, m)"),
        (["trace", "MODEL", "flower", "--row", "400"], "0 to 399"),
        (["trace", "MODEL", "flower", "--cell", "Z1,x"], "integers like W2,0,3"),
        (["trace", "MODEL", "flower", "--cell", "Z9,0,0"], "expected one of"),
        (["trace", "MODEL", "flower", "--weight", "W1,0,9"], "expected an index inside W1"),
        (["trace", "MODEL", "flower", "--learning-rate", "-1"], "--learning-rate"),
        (["trace", "MODEL", "flower", "--json", "--cell", "Z1,0,0"], "--json"),
        (["trace", "nothing.ellayer", "flower"], "nothing.ellayer"),
        (["check", "MODEL", "flowr"], "flowr"),
        (["check", "MODEL", "flower", "--threshold", "0"], "--threshold"),
    ],
)
def test_bad_input_ends_with_2_and_one_message(ellayer, model, arguments, message):
    done = ellayer(*(model[0] if a == "MODEL" else a for a in arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def run_on_a_file(tmp_path_factory, run_in):
    """The folder of a run on a table, and the table."""
    folder = tmp_path_factory.mktemp("table")
    random = np.random.default_rng(0)
    lines = [
        f"{a:.3f},{random.choice(['red', 'green'])},{'yes' if a > 0 else 'no'}"
        for a in random.normal(size=120)
    ]
    (folder / "t.csv").write_text("\n".join(["size,colour,answer", *lines]), encoding="utf-8")
    options = ("--target", "answer", "--epochs", 3, "--members", 1, "--layers", 8, "--out", "run", "--quiet")
    done = run_in(folder, "train", "t.csv", *options)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_run_on_a_table_is_traced_and_checked_on_its_file(run_on_a_file, run_in):
    traced = run_in(run_on_a_file, "trace", "run", "t.csv", "--row", 3)
    assert traced.returncode == 0, traced.stderr
    assert "one step on" in traced.stdout
    checked = run_in(run_on_a_file, "check", "run/model.ellayer", "t.csv", "--json")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    derived = run_in(run_on_a_file, "trace", "run", "t.csv", "--weight", "s0,0")
    assert "dL/ds0[0,0]" in derived.stdout
    assert "relative error" in derived.stdout


def test_a_table_of_other_columns_is_refused(run_on_a_file, run_in):
    (run_on_a_file / "other.csv").write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    done = run_in(run_on_a_file, "trace", "run", "other.csv")
    assert done.returncode == 2
    assert "answer" in done.stderr
