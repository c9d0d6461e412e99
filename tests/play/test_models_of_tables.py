"""Models of ``ellayer train FILE`` on the page: embeddings, several members, their table, and those that only open."""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import struct
import time
import warnings
from functools import partial

import numpy as np
import polars as pl
import pytest
from play_client import Page

import ellayer
from ellayer.core.inference import class_index, outputs
from ellayer.errors import EllayerError
from ellayer.play.downloads import DOWNLOADS
from ellayer.play.models import opening_of_files, opening_of_saved, opening_of_source
from ellayer.play.planes import bounds
from ellayer.play.several_files import split_files
from ellayer.play.table_models import open_with_rows
from ellayer.play.tables import SessionTables
from ellayer.runs import open_model, read_training_rows
from ellayer.runs.config import config_text, find_source
from ellayer.runs.evaluation import evaluate_file
from ellayer.runs.training_rows import settings_of


def header(plane: bytes) -> tuple[int, ...]:
    return struct.unpack("<5I", plane[:20])


TOWNS = [f"town {k}" for k in range(12)]


def _table(m: int = 160) -> pl.DataFrame:
    random = np.random.RandomState(0)
    age, town, tall = random.uniform(1, 80, m), random.randint(0, 12, m), random.rand(m) < 0.5
    return pl.DataFrame(
        {
            "age": [None if k % 19 == 3 else a for k, a in enumerate(age)],
            "town": [TOWNS[k] for k in town],
            "tall": tall,
            "paid": random.gamma(2.0, 9.0, m),
            "kind": np.where((age > 40) ^ (town > 6), "<b>yes</b>", "no"),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory, run_in, undrawn_pages):
    """Return the folder of a run of three members with an embedding, and its table beside it."""
    place = tmp_path_factory.mktemp("play")
    _table().write_csv(place / "people.csv")
    answer = run_in(
        place, "train", "people.csv", "--target", "kind", "--epochs", 6, "--members", 3, "--out", "run", "-q"
    )
    assert answer.returncode == 0, answer.stderr
    return place


@pytest.fixture(scope="module")
def opening(folder):
    with contextlib.chdir(folder):
        return opening_of_source("run", None)


@pytest.fixture
def page(opening, monkeypatch):
    monkeypatch.setattr("ellayer.play.run.ENGINE", "numpy+direct")
    with Page(opening) as page:
        yield page


def test_a_run_of_a_table_opens_to_go_on_with(opening, page):
    """The network is the first member, on the columns as the model encodes them and with the split of the run."""
    model = next(message for message in page.messages if message["type"] == "model")
    assert (model["read_only"], model["member"], len(model["members"])) == (False, 0, 3)
    assert {name for name, _ in model["facts"]} >= {"kind", "columns", "network", "parameters", "embeddings"}
    data = next(message for message in page.messages if message["type"] == "data")
    assert (data["train"], data["test"]) == (128, 32)
    assert "the test rows are those that the run held out" in data["notes"]
    assert data["classes"] == ["<b>yes</b>", "no"]
    assert data["axes"]["names"] == ["age", "paid"]
    assert data["features"] == ["age", "paid", "town", "tall"]
    assert len(page.first["planes"][0]) == 20 + 2 * 32 * 32
    network = next(message for message in page.messages if message["type"] == "network")
    names = page.session.run.input_names
    assert network["input"] == names[:32]
    assert len(names) == page.session.run.network.widths[0]
    assert {"age", "age: ramp 16", "age: missing", "tall", "town[8]"} <= {*names}


def test_scores_are_those_of_the_model(folder, page):
    """The test rows are those that the run held out; the mean of the members is what ``ellayer predict`` says."""
    model = next(message for message in page.messages if message["type"] == "model")
    saved = open_model(folder / "run")
    rows = read_training_rows(saved, str(folder / "people.csv"))
    assert rows.is_known
    assert model["mean"]["test"] == pytest.approx((saved.model.predict(rows.test.X) == rows.test.y).mean())
    X, Y = rows.arrays()
    for member, parameters in enumerate(saved.model.members_):
        AL, _ = outputs(
            X, {name: theta.astype(float) for name, theta in parameters.items()}, saved.model.network_
        )
        right = class_index(AL) == Y.argmax(axis=0)
        assert model["members"][member] == {
            "train": pytest.approx(right[:128].mean()), "test": pytest.approx(right[128:].mean()),
        }  # fmt: skip


def test_the_plane_is_that_of_two_columns(opening, page):
    """Each pixel is the network's output for a row with the other columns at their typical values."""
    problem, run = page.session.run.problem, page.session.run
    plane = problem.plane
    a, b = np.array([10.0, 60.0]), np.array([5.0, 30.0, 90.0])
    X = plane.points(a, b)
    town = (
        pl.Series(next(column.values for column in plane.columns if column.name == "town").tolist())
        .mode()
        .sort()
    )
    frame = pl.DataFrame(
        {"age": np.tile(a, 3), "town": [town.to_list()[0]] * 6, "tall": [True] * 6, "paid": np.repeat(b, 2)}
    )
    expected = [
        problem.rows.model.encoders.transform(frame.with_columns(tall=pl.lit(tall))).T
        for tall in (True, False)
    ]
    assert any(np.allclose(X, one) for one in expected)
    for axes in (["town", "age"], ["tall", "town"]):
        state = json.loads(json.dumps(page.session.state))
        state["data"]["axes"] = axes
        page.set_state(**state)
        assert list(page.session.run.problem.plane.names) == axes
        assert page.session.state["network"]["member"] == 0
    note = " ".join(page.session.run.problem.notes)
    assert "town is drawn by number: 0 town 0, 1 town 1" in note
    assert run.network.inputs.categories == (12,)


def test_every_part_can_be_seen_and_changed_and_the_python_text_does_the_same(folder, page, monkeypatch):
    page.ask("step", "frame", unit="epoch")
    example = int(page.session.run.problem.train[0])
    column = page.session.run.input_names.index("town[2]")
    for kind, place in (
        ("unit", {"layer": 1, "row": 0}),
        ("weight", {"layer": 1, "row": 2, "column": column}),
        ("bias", {"layer": 3, "row": 1}),
        ("point", {}),
    ):
        inspection = page.ask("look", "looked", kind=kind, example=example, **place)
        if inspection["difference"]:
            assert inspection["difference"]["relative_error"] < 1e-5, kind
    page.ask("edit", "frame", parameter="E1", row=0, column=3, value=0.25)
    page.ask("step", "frame", unit="example")
    page.ask("step", "frame", unit="epoch")
    monkeypatch.chdir(folder)
    text = page.ask("python", "python")["text"]
    space: dict = {}
    exec(text, space)
    for name, theta in page.session.run.parameters.items():
        assert (space["parameters"][name] == theta).all(), name
    thresholds = page.session.model.start.members[0]["t0"]
    assert (page.session.run.parameters["t0"] == thresholds).all()


def test_members_are_chosen_and_the_model_comes_out_again(opening, folder, page, tmp_path):
    state = json.loads(json.dumps(page.session.state))
    state["network"]["member"] = 2
    page.set_state(**state)
    run = page.session.run
    assert all((run.parameters[name] == theta).all() for name, theta in opening.model.members[2].items())
    page.ask("step", "frame", unit="epoch")
    (table,) = page.wait("model")["embeddings"]
    E = page.session.run.parameters["E1"]
    assert np.array_equal(np.array(table["values"]), E.T)
    assert table["column"] == "town"
    assert sorted(table["levels"]) == sorted(TOWNS)
    (tmp_path / "m.ellayer").write_bytes(DOWNLOADS["model.ellayer"].begin(page.session)())
    saved = open_model(tmp_path / "m.ellayer")
    assert saved.target == "kind"
    assert all(
        (saved.model.members_[2][name] == theta).all() for name, theta in page.session.run.parameters.items()
    )
    assert all(
        (saved.model.members_[1][name] == theta).all() for name, theta in opening.model.members[1].items()
    )
    assert len(saved.model.predict(_table().drop("kind"))) == 160
    assert len(DOWNLOADS["picture.png"].begin(page.session)()) > 100
    assert b"town" in DOWNLOADS["model.onnx"].begin(page.session)()  # from the columns of the table on
    with pytest.raises(EllayerError, match="plain dense layers"):
        DOWNLOADS["network.py"].begin(page.session)()
    page.send("set_state", state={**state, "network": {**state["network"], "member": 3}})
    problem = page.receive()
    assert (problem["type"], problem["field"]) == ("problem", "network.member")


def test_the_plane_of_all_members_is_what_the_model_predicts(page, tmp_path):
    frame = page.ask("step", "frame", unit="epoch")  # the member is in its place in the model as it is now
    assert frame["plane_of"] == "member"
    size = header(frame["planes"][0])[2]
    assert page.wait("model")["draws_mean"]
    frame = page.ask("plane", "frame", of="mean")
    assert (frame["plane_of"], header(frame["planes"][0])[1:]) == ("mean", (1, 32, 32, 2))
    drawn = np.frombuffer(frame["planes"][0][20:], np.uint8).reshape(2, 32 * 32)
    (tmp_path / "m.ellayer").write_bytes(DOWNLOADS["model.ellayer"].begin(page.session)())
    plane = page.session.run.problem.plane
    assert plane.names == ("age", "paid")
    (left, right), (low, high) = bounds(plane)
    ages, paid = (np.linspace(*ends, size)[:: size // 32] for ends in ((left, right), (high, low)))
    towns = pl.Series(next(one.values for one in plane.columns if one.name == "town").tolist())
    rows = {"age": np.tile(ages, 32), "town": [towns.mode().sort()[0]] * 1024, "paid": np.repeat(paid, 32)}
    model = open_model(tmp_path / "m.ellayer").model
    tables = (pl.DataFrame(rows).with_columns(tall=pl.lit(tall)) for tall in (True, False))
    predictions = [model.predict_proba(table).T * 255 for table in tables]
    assert any(np.abs(drawn - P).max() <= 0.5 + 1e-9 for P in predictions)
    page.send("rewind")
    page.wait("state")
    assert page.wait("frame")["plane_of"] == "mean"
    page.send("plane", of="nothing")
    assert "expected member or mean" in page.receive()["text"]
    assert page.set_state()["plane_of"] == "member"  # another network
    page.send("plane", of="mean")
    assert "expected member for" in page.receive()["text"]


def test_another_network_learns_the_same_columns(page, tmp_path):
    state = json.loads(json.dumps(page.session.state))
    state["network"] = {"hidden": [{"units": 3, "activation": "relu"}], "initializer": "he", "seed": 1}
    page.set_state(**state)
    assert [m for m in page.messages if m["type"] == "model"][-1]["name"] is None
    assert page.session.run.network.inputs.categories == (12,)
    first = page.ask("step", "frame", unit="epoch")["cost"]["train"]
    assert page.train(60)["cost"]["train"] < first
    (tmp_path / "m.ellayer").write_bytes(DOWNLOADS["model.ellayer"].begin(page.session)())
    model = ellayer.load(tmp_path / "m.ellayer")
    assert model.network_.layer_dims[1:] == (3, 2)
    assert math.isnan(model.validation_score_)
    assert model.temperature_ == 1.0
    assert np.isnan(model.oof_prediction_).all()
    assert set(model.predict(_table().drop("kind"))) <= {"<b>yes</b>", "no"}


def test_the_network_of_a_model_on_other_data_starts_anew(page):
    state = json.loads(json.dumps(page.session.state))
    for source in ("xor", "iris"):
        page.set_state(**{**state, "data": {"source": source}})
        assert page.session.run.start is None
        assert page.session.state["network"]["member"] is None
    page.set_state(**state)
    assert page.session.state["network"]["member"] == 0


@pytest.mark.parametrize("change", [{"streamed": True}, {"rows": {"train": 130, "test": 30}}], ids=str)
def test_a_split_that_is_not_that_of_the_run_is_not_taken_for_it(folder, change):
    """A table that was streamed had other test rows, also where it fits into memory now."""
    saved = open_model(folder / "run")
    rows = read_training_rows(saved, str(folder / "people.csv"))
    assert rows.is_known
    assert rows.test.m == 32
    saved.provenance.update(change)
    rows = read_training_rows(saved, str(folder / "people.csv"))
    assert (rows.is_known, rows.train.m, rows.test) == (False, 160, None)


def test_files_of_a_run_open_from_the_page(folder):
    """A whole folder may come: the model and its table are taken, nothing else; no name leads anywhere."""
    files = {f"../{p.relative_to(folder)}": p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    tables = SessionTables()
    opening = opening_of_files(files, tables)
    assert opening.model is not None
    assert opening.tables["upload:model"].model.test is not None
    alone = opening_of_files({"x/model.ellayer": files["../run/model.ellayer"]}, tables)
    assert alone.read_only.saved.needed == ["age", "town", "tall", "paid"]
    assert "drop people.csv" in alone.read_only.why
    with pytest.raises(EllayerError, match="expected a model file"):
        opening_of_files({"config.toml": b""}, tables)
    other = _table(40).write_csv().encode()
    opening = opening_of_files({"m.ellayer": files["../run/model.ellayer"], "b/other.csv": other}, tables)
    assert opening.tables["upload:model"].model.test is None
    assert "the split of the training is not known" in " ".join(opening.tables["upload:model"].notes)
    with pytest.raises(EllayerError, match="lacks 'town'"):
        opening_of_files(
            {"m.ellayer": files["../run/model.ellayer"], "c.csv": _table().drop("town").write_csv().encode()},
            tables,
        )
    tables.close()


def test_a_table_under_another_name_is_found_by_its_content(folder, tmp_path):
    body, table = (folder / "run" / "model.ellayer").read_bytes(), (folder / "people.csv").read_bytes()
    tables = SessionTables()
    others = {"x/a.csv": b"a,b\n1,2\n3,4\n", "people.csv": _table(40).write_csv().encode()}
    opening = opening_of_files({"model.ellayer": body, **others, "z/renamed.txt": table}, tables)
    assert opening.tables["upload:model"].model.test is not None  # the split of the run
    assert opening.tables["upload:model"].name == "renamed.txt"
    changed = _table(50).write_csv().encode()
    others = {"x/a.csv": b"a,b\n1,2\n3,4\n", "x/b.csv": b"", "z/changed.csv": changed}
    opening = opening_of_files({"model.ellayer": body, **others}, tables)
    assert opening.tables["upload:model"].name == "changed.csv"
    del others["z/changed.csv"]
    assert opening_of_files({"model.ellayer": body, **others}, tables).read_only is not None
    tables.close()
    shutil.copytree(folder / "run", tmp_path / "run")
    source = settings_of(open_model(tmp_path / "run"))["source"]
    assert find_source(source, tmp_path / "run" / "model.ellayer") == source  # it is not found under its name
    (tmp_path / "persons.csv").write_bytes(table)
    (tmp_path / "others.csv").write_bytes(changed)
    opening = opening_of_source(str(tmp_path / "run"), None)
    assert opening.tables["upload:model"].name == "persons.csv"
    assert opening.tables["upload:model"].model.test is not None


def test_a_model_without_its_table_opens_to_look_at_and_goes_on_with_one(folder, monkeypatch):
    monkeypatch.setattr("ellayer.play.run.ENGINE", "numpy+direct")
    with Page() as page:
        body = (folder / "run" / "model.ellayer").read_bytes()
        opening = opening_of_files({"model.ellayer": body}, page.session.tables)
        answer = page.session.call(lambda: page.session.open(opening)).result(30)
        assert answer["read_only"]
        shown = page.wait("model")
        assert shown["needs"] == {"columns": ["age", "town", "tall", "paid"], "target": "kind"}
        assert len(page.wait("network")["W"][0]) == 32
        page.send("step", unit="epoch")
        assert "to look at only" in page.receive()["text"]
        page.send("pause")
        with pytest.raises(EllayerError, match="to look at only"):
            page.session.call(page.session.model.check_runs).result(30)
        add = page.session.tables.add

        def upload(name: str, body: bytes) -> dict:
            return page.session.call(partial(page.session.describe_table, add(name, body))).result(30)

        assert not upload("a.csv", b"a,b\n1,2\n3,4\n")["fits_model"]
        table = upload("people.csv", (folder / "people.csv").read_bytes())
        assert table["fits_model"]
        page.send("open_on", source=table["source"])
        assert not page.wait("model")["read_only"]
        page.wait("frame")
        assert page.ask("step", "frame", unit="epoch")["iteration"] == 1
        page.wait("model")  # with the embeddings as they are now
        page.send("open_on", source=table["source"])
        assert "received none" in page.receive()["text"]
        first = page.session.run.problem
        other = {"m.ellayer": body, "people.csv": _table(40).write_csv().encode()}
        opening = opening_of_files(other, page.session.tables)
        page.session.call(lambda: page.session.open(opening)).result(30)
        assert page.session.run.problem is not first
        assert len(page.session.run.problem.rows.y) == 40
        page.wait("frame")
        alone = opening_of_files({"model.ellayer": body}, page.session.tables)  # its table is here already
        assert "read_only" not in page.session.call(lambda: page.session.open(alone)).result(30)
        assert len(page.session.run.problem.rows.y) == 40
        page.wait("frame")
        others = _table(40).with_columns(kind=pl.lit("perhaps"))  # no class of the model
        add("other.csv", others.write_csv().encode())
        assert page.session.call(lambda: page.session.open(alone)).result(30)["read_only"]
        page.wait("model")
        page.set_state()
        assert [m for m in page.messages if m["type"] == "model"][-1]["name"] is None


def test_a_regressor_in_memory_and_models_that_only_open(monkeypatch):
    monkeypatch.setattr("ellayer.play.run.ENGINE", "numpy+direct")
    table = _table(80)
    X, y = table.drop("paid"), table["paid"].to_numpy()
    model = ellayer.TabularRegressor(n_members=1, epochs=2).fit(X, y)
    with Page(open_with_rows(model, X, y)) as page:
        assert page.session.run.problem.task == "numbers"
        state = [m for m in page.messages if m["type"] == "model"][-1]
        assert state["mean"]["train"] == pytest.approx(state["members"][0]["train"], abs=0.05)
        page.ask("step", "frame", unit="epoch")
        space: dict = {"model": model, "X": X, "y": y, "np": np}
        with warnings.catch_warnings():  # a town may only be in rows that were held out
            warnings.simplefilter("ignore")
            exec(page.ask("python", "python")["text"], space)
        assert all((space["parameters"][k] == v).all() for k, v in page.session.run.parameters.items())
    trees = ellayer.TabularRegressor(model="boosting").fit(X, y)
    assert "boosted trees" in open_with_rows(trees, X, y).read_only.why


def test_a_network_of_several_labels_opens_to_look_at(tmp_path):
    network = ellayer.Network([2, 3, 2], ["tanh", "sigmoid"], "binary_cross_entropy")
    ellayer.save((network, ellayer.initialize_parameters(network, seed=1)), tmp_path / "m.ellayer")
    opening = opening_of_saved(open_model(tmp_path / "m.ellayer"), "m.ellayer")
    assert "targets at once" in opening.read_only.why


@pytest.mark.parametrize("change", [
    {"test": "SECRET"}, {"source": "SECRET"}, {"test": "nan"}, {"seed": "x"}, {"split": ["a"]}, None,
], ids=str)  # fmt: skip
def test_an_uploaded_model_names_no_file_and_breaks_nothing(folder, tmp_path, change):
    """Its settings may be anything: another table, a test file, or no settings at all."""
    saved = open_model(folder / "run")
    secret = tmp_path / "secret.csv"
    _table(40).write_csv(secret)
    config = settings_of(saved) | {
        key: str(secret) if v == "SECRET" else v for key, v in (change or {}).items()
    }
    provenance = {**saved.provenance, "config": config_text(config) if change else "]"}
    ellayer.save(saved.model, tmp_path / "m.ellayer", provenance=provenance)
    tables = SessionTables()
    files = {
        "m.ellayer": (tmp_path / "m.ellayer").read_bytes(),
        "people.csv": (folder / "people.csv").read_bytes(),
    }
    alone = opening_of_files({"m.ellayer": files["m.ellayer"]}, tables)
    assert alone.read_only.saved is not None
    with contextlib.suppress(EllayerError):
        opening = opening_of_files(files, tables)
        assert opening.tables["upload:model"].X.shape[1] == 160
    tables.close()


def test_settings_in_a_model_are_read_in_a_time_that_their_length_bounds(folder):
    """tomllib's grows with the square of the parts of a key; a model without valid settings is evaluated, too."""
    saved = open_model(folder / "run")
    saved.provenance["config"] = "a." * 50_000 + "a = 1"
    begin = time.process_time()
    assert settings_of(saved) == {}
    assert time.process_time() - begin < 2
    assert evaluate_file(saved, str(folder / "people.csv"))["rows"] == 160


BODIES = [
    b"", b"{}\n", b"[[1]]\n", b'[["a",-1]]\n', b'[["a",true]]\nx', b'[["a.ellayer",3]]\nab', b'[["a",1],["a",1]]\nab', b"null\n",
    b"[" * 100_000, b"[" + b" " * 1_000_000 + b"]\n", b'[["a.ellayer",1e9]]\n', b'[["a.ellayer",99999999999]]\n', b'[["\xff",1]]\na', b'[["a.csv",3]]\na,b',
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:30]))
def test_bodies_that_are_no_files_are_refused(body):
    with pytest.raises(EllayerError, match="expected"):
        opening_of_files(split_files(body), SessionTables())
