"""Runs of a group on a table: rows held out by time or group as in one process, and cross-validation."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from disturbances import table, write_parts
from thread_groups import group_of_thread, run_threads

from ellayer import EllayerError, TabularClassifier
from ellayer._progress_bars import no_progress
from ellayer.data import TableStream
from ellayer.distributed import initialize, shutdown
from ellayer.estimators.hold_out import Splitter
from ellayer.estimators.tabular import split_group
from ellayer.runs import shared_table
from ellayer.runs.shared_folds import shared_folds
from ellayer.runs.shared_table import open_shared
from ellayer.runs.table_trainer import TableTrainer

SETTINGS = {"target": "y", "members": 1, "layers": [4], "epochs": 1, "batch_size": 128, "seed": 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_parts(tmp_path_factory.mktemp("splits"))


@pytest.fixture
def alone():
    yield initialize()
    shutdown()


def rows_by_value(frame: pl.DataFrame) -> np.ndarray:
    """Return the numbers of rows of the whole table, by a column whose values differ."""
    whole = table()["u"].to_list()
    return np.array([whole.index(value) for value in frame["u"].to_list()])


@pytest.mark.parametrize("options", [{"split": "order"}, {"time": "u"}, {"group": "c"}])
def test_the_test_rows_are_those_of_one_process(folder, alone, options):
    shared = TableTrainer.read({**SETTINGS, **options, "source": str(folder / "parts")})
    shutdown()
    whole = TableTrainer.read({**SETTINGS, **options, "source": str(folder / "whole.parquet")})
    assert shared.source.test.X.equals(whole.source.test.X)
    assert shared.source.count == whole.source.count
    assert np.array_equal(shared.source.test.y, whole.source.test.y)
    assert shared.settings.get("kinds") == whole.settings.get("kinds")
    at = next(k for k, message in enumerate(whole.messages) if "held out" in message)
    assert any(whole.messages[at] in message for message in shared.messages)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("options", [{"time": "t"}, {"group": "t"}])
def test_a_column_whole_in_one_file_and_not_in_the_next(tmp_path, options):
    """Each file of text is read by itself; the numbers of both are those of one column."""
    for name, first in (("a", 0), ("b", 0.5)):
        rows = "".join(f"{first + i},{i % 7},{i % 2}.5\n" for i in range(60))
        (tmp_path / f"{name}.csv").write_text("t,u,y\n" + rows)
    trainer = TableTrainer.read({**SETTINGS, **options, "source": str(tmp_path)})
    test = trainer.source.test.X["t"].cast(pl.Float64).to_list()
    assert trainer.source.count + len(test) == 120
    assert "group" in options or min(test) == 60.0 - len(test) / 2  # the latest of 0, 0.5, 1 and so on


@pytest.mark.usefixtures("alone")
def test_a_fit_by_time_validates_on_the_latest_training_rows(folder):
    trainer = TableTrainer.read({**SETTINGS, "time": "u", "source": str(folder / "parts")})
    run = trainer.train(None, None, no_progress)
    held_out = run.model.held_out_[0]["u"].to_numpy()
    assert run.rows == {"train": 576, "validation": len(held_out), "test": 180}
    train = np.sort(table()["u"].to_numpy())
    assert np.array_equal(np.sort(held_out), train[576:720])
    assert run.split == "20 % of the rows are held out for testing: the latest by u"


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("options", [{"split": "order"}, {}])
def test_cross_validation_predicts_rows_that_a_fold_has_not_seen(folder, options):
    trainer = TableTrainer.read({**SETTINGS, **options, "cv": 2, "source": str(folder / "parts")})
    run = trainer.train(None, None, no_progress)
    validation = run.cross_validation
    first = 300 if options else 0
    assert validation.rows.tolist() == list(range(first, 900))
    assert np.array_equal(validation.y, table()["y"].to_numpy()[first:])
    assert all(len(values) == 2 for values in validation.by_fold["the network"].values())
    assert [model.name for model in validation.models][1:3] == ["logistic regression", "gradient boosting"]
    assert len(validation.models[0].prediction) == 900 - first


@pytest.mark.parametrize("column", ["c", None])
def test_folds_are_those_of_one_process_whichever_has_the_rows(folder, monkeypatch, column):
    """By group those of ``Splitter``; random ones depend on the place of a row alone."""

    def folds_of(processes: int) -> list[np.ndarray]:
        def work(rank: int) -> list[np.ndarray]:
            shared = open_shared(str(folder / "parts"), "y", 0.2, 3, {})
            if column is not None:
                shared = shared.hold_out(shared.splitter_by("group", column), 0.2, 3)
            return [fold.test for fold in shared_folds(shared, 3, 5)]

        return [np.concatenate(parts) for parts in zip(*run_threads(work, processes), strict=True)]

    with group_of_thread(monkeypatch, split_group, shared_table):
        one, three = folds_of(1), folds_of(3)
    assert all(np.array_equal(a, b) for a, b in zip(one, three, strict=True))
    assert np.array_equal(np.sum(one, axis=0), np.ones(900))
    if column is not None:
        splitter = Splitter.by(900, groups=table()[column].to_numpy())
        expected = splitter.folds(900, 3, np.random.RandomState(5))
        assert all(np.array_equal(a, b) for a, (_, b) in zip(one, expected, strict=True))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"cv": 1}, "--cv: expected from 2 folds to 900"), ({"time": "c"}, "--time c: time: expected dates or numbers"),
        ({"group": "y"}, "--group"), ({"split": "time"}, "expected the name of the column with --time COLUMN"),
        ({"model": "boosting"}, "--model: expected network for .*, which is spread over several processes"),
        ({"group": "c", "split": "time"}, "--group: expected --split group with it"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("alone")
def test_splits_that_cannot_be(folder, options, text):
    with pytest.raises(EllayerError, match=text):
        TableTrainer.read({**SETTINGS, **options, "source": str(folder / "parts")})


def test_a_stream_is_held_out_by_the_times_of_its_rows(folder):
    stream, days = TableStream(folder / "whole.parquet", "y"), np.arange(900)[::-1]
    options = {"n_members": 1, "epochs": 1, "hidden_layer_sizes": [4], "random_state": 0}
    model = TabularClassifier(**options).fit(stream, time=days)
    assert np.array_equal(np.sort(rows_by_value(model.held_out_[0])), np.arange(180))
    with pytest.raises(EllayerError, match="groups: expected one value for each of 900 rows"):
        TabularClassifier(**options).fit(stream, groups=days[1:])
