"""Table estimators fitted to streams: the same learning, in bounded memory, and nothing left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import log_loss

import ellayer
from ellayer import TabularClassifier, TabularRegressor
from ellayer.data import TableStream
from ellayer.estimators import FitWarning, hold_out
from ellayer.estimators.tabular import fit_stream, recipes, split_group, training

SMALL = {"epochs": 4, "hidden_layer_sizes": (24,), "random_state": 0}


def make(m, seed=0):
    random = np.random.default_rng(seed)
    X = random.standard_normal((m, 4))
    town = random.choice(["Oslo", "Rome", "Bern"], m)
    signal = X[:, 0] + X[:, 1] * X[:, 2] + (town == "Rome")
    return pl.DataFrame(
        {
            "a": X[:, 0], "b": X[:, 1], "c": np.where(random.random(m) < 0.1, np.nan, X[:, 2]), "town": town,
            "y": np.where(signal > 0.3, "high", "low"), "z": 10.0 + 3.0 * signal,
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Name -> file of the same 6,000 rows with a target of classes or numbers."""
    folder, table = tmp_path_factory.mktemp("tables"), make(6000)
    for target, other in (("y", "z"), ("z", "y")):
        table.drop(other).write_csv(folder / f"{target}.csv")
        table.drop(other).write_parquet(folder / f"{target}.parquet", row_group_size=700)
    return folder


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """An empty temporary folder, which a fit has to leave empty."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def stream_of(files, target, kind="csv"):
    return TableStream(files / f"{target}.{kind}", target, block_bytes=20_000)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_classes_as_well_as_in_memory(files, scratch, kind):
    table, fresh = make(6000), make(2000, seed=1)
    settings = {**SMALL, "epochs": 10}
    memory = TabularClassifier(1, **settings).fit(table.drop("y", "z"), table["y"])
    model = TabularClassifier(1, **settings).fit(stream_of(files, "y", kind))
    assert model.classes_.tolist() == ["high", "low"]
    for ours, theirs in zip(model.preparation_.describe(), memory.preparation_.describe(), strict=True):
        assert ours | {"levels": sorted(ours["levels"])} == theirs | {"levels": sorted(theirs["levels"])}
    assert model.feature_names_in_.tolist() == ["a", "b", "c", "town"]
    np.testing.assert_allclose(model.preparation_.center_, memory.preparation_.center_, atol=0.05)
    assert (
        model.score(fresh.drop("y", "z"), fresh["y"]) > memory.score(fresh.drop("y", "z"), fresh["y"]) - 0.02
    )
    assert model.validation_score_ == pytest.approx(memory.validation_score_, abs=0.04)
    assert len(model.history_["epoch"]) == 10
    assert model.oof_prediction_.shape == (0, 2)
    X, y = model.held_out_  # a model is judged by rows that it has not learned from
    assert len(X) == len(y)
    assert model.validation_score_ == pytest.approx(log_loss(y, model.predict_proba(X)), abs=1e-5)


def test_numbers_as_well_as_in_memory(files, scratch):
    table, fresh = make(6000), make(2000, seed=1)
    settings = {**SMALL, "epochs": 8}
    memory = TabularRegressor(1, **settings).fit(table.drop("y", "z"), table["z"])
    model = TabularRegressor(1, **settings).fit(stream_of(files, "z"))
    for name in ("center", "scale"):
        assert model.target_[name] == pytest.approx(memory.target_[name], rel=0.05)
    assert (model.target_["low"], model.target_["high"]) == (table["z"].min(), table["z"].max())
    assert (
        model.score(fresh.drop("y", "z"), fresh["z"]) > memory.score(fresh.drop("y", "z"), fresh["z"]) - 0.03
    )


def test_blocks_and_kinds_of_file_change_nothing(files):
    ways = [
        stream_of(files, "y"), TableStream(files / "y.csv", "y"), TableStream(files / "y.parquet", "y", block_bytes=9000)
    ]  # fmt: skip
    first, *others = (TabularClassifier(1, **SMALL).fit(way).members_[0] for way in ways)
    for other in others:
        for name in first:
            np.testing.assert_array_equal(first[name], other[name])


def test_rows_held_out_are_not_learned_from(files, monkeypatch):
    """Held-out rows and the sample are disjoint, and with the scratch file they are all rows."""
    seen = {}
    train = training.train_members

    def spy(estimator, network, recipes, data, *arguments):
        with data.rows.open() as file:
            rows = data.rows.read(file, [(0, data.rows.m)])[:, : data.rows.n_x]
            seen.update(held=data.validation[0].X, rows=rows)
        return train(estimator, network, recipes, data, *arguments)

    monkeypatch.setattr(training, "train_members", spy)
    model = TabularClassifier(1, **SMALL).fit(stream_of(files, "y"))
    table = make(6000).drop("y", "z")
    X = model.preparation_.transform(table).astype(np.float32)
    assert 1000 < len(seen["held"]) < 1400
    assert len(seen["held"]) + len(seen["rows"]) == 6000
    together = {row.tobytes() for row in np.concatenate([seen["held"], seen["rows"]])}
    assert together == {row.tobytes() for row in X}
    a = model.preparation_.columns_[0]
    inside = {row.tobytes() for row in seen["rows"]}
    learned = table.filter(pl.Series([row.tobytes() in inside for row in X]))
    assert a.name == "a"
    assert model.preparation_.center_[0] == pytest.approx(learned["a"].median(), abs=1e-12)


def test_the_sample_is_no_larger_than_said(files, monkeypatch):
    monkeypatch.setattr(fit_stream, "SAMPLE_ROWS", 500)
    monkeypatch.setattr(split_group, "MOST_HELD_OUT", 50)
    sizes = []
    learn = TabularClassifier._prepare

    def spy(self, table, recipe, targets):
        sizes.append(len(table[0].values))
        return learn(self, table, recipe, targets)

    monkeypatch.setattr(TabularClassifier, "_prepare", spy)
    model = TabularClassifier(1, **SMALL).fit(stream_of(files, "y"))
    table = make(6000)
    assert sizes == [500]
    assert model.score(table.drop("y", "z"), table["y"]) > 0.85


def test_class_weights_are_those_of_all_rows(tmp_path):
    table = make(3000).drop("z")
    few = pl.concat([table.filter(pl.col("y") == "high").head(60), table.filter(pl.col("y") == "low")])
    few = few.sample(fraction=1.0, shuffle=True, seed=0)
    few.write_csv(tmp_path / "t.csv")
    recalls = []
    for class_weight in (None, "balanced", {"high": 0.0}):
        settings = {**SMALL, "epochs": 10, "class_weight": class_weight}
        model = TabularClassifier(1, **settings).fit(TableStream(tmp_path / "t.csv", "y"))
        highs = few.filter(pl.col("y") == "high")
        recalls.append(float(np.mean(model.predict(highs.drop("y")) == "high")))
    assert recalls[1] > recalls[0] + 0.1
    assert recalls[2] == 0.0


def test_an_eval_set_decides_in_place_of_held_out_rows(files):
    fresh = make(500, seed=2)
    eval_set = (fresh.drop("y", "z"), fresh["y"])
    model = TabularClassifier(1, **SMALL, metric="accuracy").fit(stream_of(files, "y"), eval_set=eval_set)
    assert model.validation_score_ == pytest.approx(model.score(*eval_set))


def test_callbacks_progress_and_storage(files, tmp_path):
    told, seen = [], []

    def stop(info):
        told.append((info.epoch, info.max_epochs))
        return info.epoch == 2

    model = TabularRegressor(1, **SMALL).fit(stream_of(files, "z"), callbacks=[stop], progress=seen.append)
    assert told == [(1, 4), (2, 4)]
    assert model.stopped_by_ == "callback"
    assert seen
    ellayer.save(model, tmp_path / "m.ellayer")
    again, X = ellayer.load(tmp_path / "m.ellayer"), make(50, seed=3).drop("y", "z")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_a_constant_target_and_whole_number_classes(tmp_path):
    table = make(300).drop("y", "z")
    table.with_columns(y=pl.lit("same")).write_csv(tmp_path / "t.csv")
    with pytest.warns(FitWarning, match="one class only"):
        model = TabularClassifier(1, **SMALL).fit(TableStream(tmp_path / "t.csv", "y"))
    assert set(model.predict(table)) == {"same"}
    table.with_columns(y=(pl.col("a") > 0).cast(pl.Int64)).write_csv(tmp_path / "t.csv")
    model = TabularClassifier(1, **SMALL).fit(TableStream(tmp_path / "t.csv", "y"))
    assert model.classes_.dtype.kind == "i"
    assert model.classes_.tolist() == [0, 1]


def test_members_read_a_stream_together(files, scratch):
    fresh = make(500, seed=1).drop("y", "z")
    model = TabularClassifier(**{**SMALL, "n_members": 2}).fit(stream_of(files, "y"))
    alone = TabularClassifier(1, **SMALL).fit(stream_of(files, "y"))
    assert len(set(model.best_epochs_)) == 1
    assert np.abs(model.predict_proba(fresh) - alone.predict_proba(fresh)).mean() < 0.1
    X, y = model.held_out_  # rows that no member has learned from: the score is that of the mean
    assert model.validation_score_ == pytest.approx(log_loss(y, model.predict_proba(X)), abs=1e-5)


def test_fewer_epochs_of_many_rows(files, monkeypatch):
    monkeypatch.setattr(recipes, "EXAMPLES", 18_000)
    settings = {**SMALL, "epochs": None}
    model = TabularClassifier(1, **settings).fit(stream_of(files, "y"))
    assert len(model.history_["epoch"]) == 18_000 // 4800
    table = make(6000)
    assert len(TabularClassifier(1, **settings).fit(table.drop("y", "z"), table["y"]).history_["epoch"]) == 3


def test_one_member_holds_out_no_more_than_enough(monkeypatch):
    monkeypatch.setattr(hold_out, "MOST_HELD_OUT", 30)
    for numbers in (None, np.repeat([0, 1], [900, 100])):
        (rows,) = hold_out.member_folds(numbers, 1000, 1, np.random.RandomState(0))
        assert len(rows) == 30
    assert all(len(rows) == 200 for rows in hold_out.member_folds(None, 1000, 5, np.random.RandomState(0)))


# What goes wrong


class _Broken:
    """A stream that breaks off in its second pass."""

    def __init__(self, stream, error):
        self.stream, self.error, self.passes = stream, error, 0

    def blocks(self):
        self.passes += 1
        for i, block in enumerate(self.stream.blocks()):
            if self.passes == 2 and i == 2:
                raise self.error
            yield block


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("disk full")])
def test_nothing_is_left_of_a_fit_that_breaks_off(files, scratch, error):
    with pytest.raises(type(error)):
        TabularClassifier(1, **SMALL).fit(_Broken(stream_of(files, "y"), error))


def test_ctrl_c_in_training_keeps_what_is_learned(files, scratch):
    def stop(info):
        if info.iteration > 20:
            raise KeyboardInterrupt

    model = TabularClassifier(1, **SMALL).fit(stream_of(files, "y"), progress=stop)
    assert model.stopped_by_ == "interrupted"
    assert np.isfinite(model.predict_proba(make(5).drop("y", "z"))).all()


def test_too_little_space_is_said_before_anything_is_written(files, scratch, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=1000))
    with pytest.raises(ValueError, match=r"scratch file: expected .* GB free in .*TMPDIR"):
        TabularClassifier(1, **SMALL).fit(stream_of(files, "y"))


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        ({}, {"y": [1, 2]}, "y, sample_weight: expected None with a stream"),
        ({}, {"sample_weight": [1, 2]}, "received sample_weight"),
        ({"column_kinds": {"twon": "text"}}, {}, "did you mean 'town'"),
    ],
)
def test_what_a_stream_cannot_go_with(files, scratch, settings, options, message):
    with pytest.raises(ValueError, match=message):
        TabularClassifier(**{**SMALL, **settings}).fit(stream_of(files, "y"), **options)


class NoRows:
    """A stream without rows."""

    def blocks(self):
        yield make(0).drop("y", "z"), np.array([], dtype=object)


def test_few_rows_and_targets_of_the_other_kind(files, tmp_path):
    make(7).drop("z").write_csv(tmp_path / "t.csv")
    with pytest.raises(ValueError, match="at least 10 rows, received 7"):
        TabularClassifier(1, **SMALL).fit(TableStream(tmp_path / "t.csv", "y"))
    for option in ("time", "groups"):
        with pytest.raises(ValueError, match="at least 10 rows, received 0"):
            TabularClassifier(1, **SMALL).fit(NoRows(), **{option: []})
    with pytest.raises(ValueError, match="use TabularClassifier for labels"):
        TabularRegressor(1, **SMALL).fit(stream_of(files, "y"))
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        TabularClassifier(1, **SMALL).fit(stream_of(files, "z"))


def test_values_that_are_no_numbers_are_told(tmp_path):
    table = make(400).drop("z").with_columns(pl.col("b").cast(pl.String))
    table[399, "b"] = "unknown!"
    table.write_csv(tmp_path / "t.csv")
    with pytest.warns(FitWarning, match="column 'b': 1 value is not a number"):
        TabularClassifier(1, **SMALL).fit(TableStream(tmp_path / "t.csv", "y", block_bytes=4000))


# Memory

PEAK = """
import sys
from ellayer import TabularRegressor
from ellayer.data import TableStream
path, hidden = sys.argv[1], int(sys.argv[2])
model = TabularRegressor(1, epochs=1, hidden_layer_sizes=hidden, batch_size=1024, random_state=0)
model.fit(TableStream(path, "y"))
print(next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_memory_does_not_grow_with_the_rows(tmp_path):
    random = np.random.default_rng(0)
    peaks = {}
    for m in (100_000, 500_000):
        path = tmp_path / f"{m}.parquet"
        with open(path, "wb") as file:
            X = random.standard_normal((m, 24), dtype=np.float32)
            pl.DataFrame(X, schema=[f"x{j}" for j in range(24)]).with_columns(
                y=pl.Series(X[:, 0])
            ).write_parquet(file)
        outcome = subprocess.run(
            [sys.executable, "-W", "error", "-c", PEAK, str(path), "8"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stderr
        peaks[m] = int(outcome.stdout)
    more_rows = 400_000 * 25 * 4  # as the scratch file has them
    assert peaks[500_000] - peaks[100_000] < 0.5 * more_rows
