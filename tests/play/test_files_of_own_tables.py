"""The file that the page gives out for a table of one's own predicts the table's rows, and opens on it again."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from play_client import Page

import ellayer
from ellayer.core.inference import class_index, outputs
from ellayer.engine.result import TrainingResult
from ellayer.play.downloads import DOWNLOADS
from ellayer.play.models import opening_of_files, opening_of_source
from ellayer.runs import open_model

NO_HIDDEN = {"network": {"hidden": []}, "data": {"scale": True}}
TWO_HIDDEN = {"hidden": [{"units": 3, "activation": "gelu"}, {"units": 2, "activation": "leaky_relu(0.1)"}]}
CASES = {
    "two classes": ("kind", {}),
    "two classes, scaled, without hidden layers": ("kind", NO_HIDDEN),
    "two outputs": ("kind", {"training": {"loss": "cross_entropy(smoothing=0.1)"}}),
    "one output of the focal loss": ("kind", {"training": {"loss": "binary_focal(gamma=1)"}}),
    "classes": ("town", {"network": TWO_HIDDEN, "training": {"loss": "focal(gamma=1)"}}),
    "truth values": ("tall", {}),
    "numbers": ("paid", {"network": TWO_HIDDEN, "training": {"loss": "huber(delta=2)"}}),
    "numbers, scaled, without hidden layers": ("paid", NO_HIDDEN),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    random = np.random.RandomState(0)
    age, town = random.uniform(1, 80, 90), random.randint(0, 4, 90)
    path = tmp_path_factory.mktemp("own") / "people.csv"
    pl.DataFrame(
        {
            "age": [None if k % 19 == 3 else a for k, a in enumerate(age)],
            "town": [f"town {k}" for k in town],
            "tall": random.rand(90) < 0.5,
            "paid": 1000 + 50 * random.gamma(2.0, 9.0, 90),
            "kind": np.where((age > 40) ^ (town > 1), "<b>yes</b>", "no"),
        }
    ).write_csv(path)
    return path


def own_page(file, target, changes):
    opening = opening_of_source(str(file), target)
    state = json.loads(json.dumps(opening.state))
    return Page(
        type(opening)(
            {name: {**state[name], **changes.get(name, {})} for name in state}, tables=opening.tables
        )
    )


@pytest.fixture
def on_numpy(monkeypatch):
    monkeypatch.setattr("ellayer.play.run.ENGINE", "numpy+direct")


@pytest.mark.usefixtures("on_numpy")
@pytest.mark.parametrize("case", CASES)
def test_the_file_predicts_the_rows_of_the_table(file, tmp_path, case):
    """Its numbers are those of the page, in the unit of the target, for raw rows with missing values."""
    target, changes = CASES[case]
    with own_page(file, target, changes) as page:
        page.ask("step", "frame", unit="epoch")
        run = page.session.run
        (tmp_path / "m.ellayer").write_bytes(DOWNLOADS["model.ellayer"].begin(page.session)())
    problem, saved = run.problem, open_model(tmp_path / "m.ellayer", to_predict=True)
    order = np.argsort([*problem.train, *problem.test])
    AL, _ = outputs(np.hstack([problem.X, problem.X_test])[:, order], run.parameters, run.network)
    examples = saved.read(str(file))
    prediction = saved.model.predict(examples.X)
    table = pl.read_csv(file)
    assert saved.target == target
    if problem.classes:
        labels = np.unique(saved.read_with_target(str(file)).y)
        assert (prediction == labels[class_index(AL)]).all()
        P = AL.T if len(AL) > 1 else np.stack([1 - AL[0], AL[0]], axis=1)
        np.testing.assert_allclose(saved.model.predict_proba(examples.X), P, rtol=0, atol=1e-12)
    else:
        y = table[target].to_numpy()[problem.train]
        np.testing.assert_allclose(prediction, y.mean() + y.std() * AL[0], rtol=1e-12)
    again = ellayer.load(tmp_path / "m.ellayer")
    assert type(again) is (ellayer.TabularClassifier if problem.classes else ellayer.TabularRegressor)
    assert (again.predict(table.drop(target)[:5]) == prediction[:5]).all()
    assert again.history_["loss"] == run.history["loss"]


@pytest.mark.usefixtures("on_numpy")
@pytest.mark.parametrize("target", ["kind", "paid"])
def test_the_page_opens_its_file_with_its_table_and_goes_on(file, target):
    with own_page(file, target, {}) as page:
        cost = page.ask("step", "frame", unit="epoch")["cost"]
        body = DOWNLOADS["model.ellayer"].begin(page.session)()
        assert (
            b"town" in DOWNLOADS["model.onnx"].begin(page.session)()
        )  # it takes the columns of the table, too
        opening = opening_of_files({"model.ellayer": body}, page.session.tables)
        answer = page.session.call(lambda: page.session.open(opening)).result(30)
        assert "read_only" not in answer
        frame = page.wait("frame")
        assert page.session.model.start is not None
        assert frame["iteration"] == 0
        assert frame["cost"] == pytest.approx(cost)
        page.ask("step", "frame", unit="epoch")
        theta = page.session.run.parameters
        body = DOWNLOADS["model.ellayer"].begin(page.session)()
        opening = opening_of_files({"model.ellayer": body, "x.csv": file.read_bytes()}, page.session.tables)
        page.session.call(lambda: page.session.open(opening)).result(30)
        assert all((page.session.run.parameters[name] == theta[name]).all() for name in theta)


@pytest.mark.usefixtures("on_numpy")
def test_a_network_that_no_estimator_can_hold_is_given_out_alone(file, tmp_path):
    with own_page(file, "kind", {"training": {"loss": "squared_error"}}) as page:
        (tmp_path / "m.ellayer").write_bytes(DOWNLOADS["model.ellayer"].begin(page.session)())
    saved = open_model(tmp_path / "m.ellayer")
    assert isinstance(saved.model, TrainingResult)
    assert saved.classes == ["<b>yes</b>", "no"]
