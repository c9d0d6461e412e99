"""Splits of ``train`` by time and by group: chosen by options or by the data, and repeated from the config."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import polars as pl
import pytest

import ellayer
from ellayer.errors import EllayerError
from ellayer.runs.config import read_config
from ellayer.runs.sweep import run_sweep
from ellayer.runs.table_trainer import TableTrainer
from ellayer.runs.train_run import train_run

m = 120
RANDOM = np.random.RandomState(0)
DAYS = np.repeat(np.datetime64("2024-01-01") + np.arange(m // 2), 2)
USERS = RANDOM.permutation(np.repeat(np.arange(m // 4), 4))
QUICK = {"target": "y", "epochs": 2, "layers": [4]}


@pytest.fixture
def panel(tmp_path):
    """A table in the order of its days, with users that repeat."""
    x = RANDOM.randn(m)
    frame = pl.DataFrame({"day": DAYS, "user_id": USERS, "x": x, "y": x + 0.1 * RANDOM.randn(m)})
    frame.write_csv(tmp_path / "panel.csv")
    return str(tmp_path / "panel.csv")


def trainer_of(source: str, **options) -> TableTrainer:
    return TableTrainer.read({"source": source, **QUICK, **options})


@pytest.mark.parametrize("options", [{"time": "day"}, {"split": "time"}, {"split": "auto"}])
def test_by_time_the_test_rows_are_the_latest(panel, options):
    trainer = trainer_of(panel, **options)
    train, test = trainer.source.train, trainer.source.test
    assert train.X["day"].max() < test.X["day"].min()
    assert test.m == 24
    assert trainer.settings["split"] == "time"
    assert trainer.settings["time"] == "day"
    assert any("the latest, from 2024-02-18 on in 'day'" in message for message in trainer.messages)
    trainer.source.fit(trainer.model)
    validated = np.isfinite(trainer.model.oof_prediction_)
    assert train.X["day"].filter(~validated).max() < train.X["day"].filter(validated).min()


@pytest.mark.parametrize("options", [{"group": "user_id"}, {"split": "group"}])
def test_by_group_no_group_is_on_both_sides(panel, options):
    trainer = trainer_of(panel, **options, members=1)
    train, test = trainer.source.train, trainer.source.test
    trainer.source.fit(trainer.model)
    validated = np.isfinite(trainer.model.oof_prediction_)
    parts = [train.X["user_id"].filter(~validated), train.X["user_id"].filter(validated), test.X["user_id"]]
    groups = [set(part.to_list()) for part in parts]
    assert all(groups)
    assert sum(map(len, groups)) == len(set.union(*groups))
    assert trainer.settings["kinds"] == {"user_id": "ignore"}


def test_without_a_wish_the_split_is_random_and_the_options_are_named(panel):
    trainer = trainer_of(panel)
    assert trainer.source.train.X["day"].max() > trainer.source.test.X["day"].min()
    messages = "\n".join(trainer.messages)
    assert "--split time --time day" in messages
    assert "--split group --group user_id" in messages
    assert "split" not in trainer.settings
    assert not any("--split" in message for message in trainer_of(panel, split="random").messages)


def test_rows_that_drift_along_the_file_are_noticed_and_can_be_tested_in_its_order(tmp_path):
    x = np.linspace(0.0, 6.0, 3 * m) + RANDOM.randn(3 * m)
    other, kind = RANDOM.randn(3 * m), RANDOM.choice(["a", "b"], 3 * m)
    mixed = RANDOM.permutation(3 * m)
    for name, rows, order in (
        ("drift", slice(None), True),
        ("mixed", mixed, False),
        ("sorted", np.argsort(kind), False),
    ):
        pl.DataFrame({"x": x, "other": other, "y": kind})[rows].write_csv(tmp_path / f"{name}.csv")
        trainer = trainer_of(str(tmp_path / f"{name}.csv"))
        assert any("most by 'x'" in text and "--split order" in text for text in trainer.messages) == order
        assert (trainer_of(str(tmp_path / f"{name}.csv"), split="auto").settings["split"] == "order") == order
    trainer = trainer_of(str(tmp_path / "drift.csv"), split="order")
    assert trainer.source.test.X["other"].to_list() == other[-72:].tolist()
    assert any("the last of the file" in message for message in trainer.messages)


def test_a_config_repeats_the_split(panel, tmp_path):
    first = train_run({"source": panel, **QUICK, "split": "auto"}, tmp_path / "one")
    config = tomllib.loads((tmp_path / "one/config.toml").read_text())
    assert (config["split"], config["time"]) == ("time", "day")
    assert json.loads((tmp_path / "one/run.json").read_text())["settings"]["time"] == "day"
    again = train_run(read_config(tmp_path / "one/config.toml"), tmp_path / "two")
    assert again.summary["scores"] == first.summary["scores"]
    models = [ellayer.load(tmp_path / name / "model.ellayer") for name in ("one", "two")]
    for name, theta in models[0].members_[0].items():
        np.testing.assert_array_equal(theta, models[1].members_[0][name])


def test_a_sweep_splits_alike(panel, tmp_path):
    done = run_sweep(
        {"source": panel, "target": "y", "epochs": 2, "group": "user_id"},
        {"layers": [[4]], "learning_rate": [0.1]},
        tmp_path / "s",
    )
    assert done.summary["settings"]["group"] == "user_id"
    assert any("groups of 'user_id'" in note for note in done.summary["notes"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"split": "sideways"}, "--split: expected one of"),
        ({"split": "random", "time": "day"}, "--time: expected --split time"),
        ({"time": "day", "group": "user_id"}, "received both"),
        ({"time": "dya"}, "--time: expected a column of panel, received 'dya'; did you mean 'day'"),
        ({"group": "y"}, "--group: expected a column"),
    ],
)
def test_wishes_that_cannot_be_met(panel, options, words):
    with pytest.raises(EllayerError, match=words):
        trainer_of(panel, **options)


def test_a_column_that_divides_nothing_is_refused(tmp_path):
    frame = pl.DataFrame({"g": ["a"] * 30 + ["b"] * 30, "x": RANDOM.randn(60), "y": RANDOM.randn(60)})
    frame.write_csv(tmp_path / "two.csv")
    with pytest.raises(EllayerError, match="at least 3 different values"):
        trainer_of(str(tmp_path / "two.csv"), group="g")
    with pytest.raises(EllayerError, match="--time COLUMN, received none; the columns are"):
        trainer_of(str(tmp_path / "two.csv"), split="time")
    with pytest.raises(EllayerError, match="expected dates or numbers"):
        trainer_of(str(tmp_path / "two.csv"), time="g")


def test_rows_that_drift_along_a_date_are_noticed(tmp_path):
    """The dates do not order the rows, but a classifier tells early from late ones."""
    order = RANDOM.permutation(400)
    days = np.datetime64("2024-01-01") + np.arange(400)
    x = np.arange(400) / 40 + 2.5 * RANDOM.randn(400)
    frame = pl.DataFrame({"day": days, "x": x, "y": RANDOM.randn(400)})[order]
    frame.write_csv(tmp_path / "drift.csv")
    frame.with_columns(x=pl.Series(RANDOM.randn(400))).write_csv(tmp_path / "still.csv")
    messages = trainer_of(str(tmp_path / "drift.csv")).messages
    assert any("rows early and late in 'day' differ" in message for message in messages)
    assert not any("--split" in message for message in trainer_of(str(tmp_path / "still.csv")).messages)


def test_a_table_larger_than_memory_is_split_at_random_only(panel, monkeypatch):
    monkeypatch.setattr("ellayer.data.too_large", lambda path: True)
    with pytest.raises(EllayerError, match="larger than memory"):
        trainer_of(panel, time="day")
    assert any("at random" in message for message in trainer_of(panel).messages)
