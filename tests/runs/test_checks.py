"""Checks of a run: each alarm on data with the fault, none on clean tables, and ``--strict``."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn import datasets

from ellayer.runs.checks import TOO_GOOD_TO_BE_TRUE, CheckInput, run_checks
from ellayer.runs.table_trainer import TableTrainer
from ellayer.runs.train_run import train_run

m = 400
RANDOM = np.random.RandomState(0)
A, B, NOISE = RANDOM.rand(m) + 1.0, RANDOM.rand(m) + 1.0, RANDOM.randn(m)
LABEL = np.where(NOISE > 0.3, "yes", "no")
QUICK = {"epochs": 3, "layers": [8], "members": 1, "target": "y"}


def alarms_of(run) -> dict[str, tuple[str, str]]:
    """Return grade and figure of each check that does not pass."""
    return {check.title: (check.grade, check.figure) for check in run.facts.checks if check.grade != "PASS"}


def write(folder, columns, name: str = "table.csv") -> str:
    """Write columns as CSV; return the path."""
    pl.DataFrame(columns).write_csv(folder / name)
    return str(folder / name)


def stand_in_alarms(
    source: str, target: object, important: list[str] | None = None, **options
) -> dict[str, tuple[str, str]]:
    """Return the alarms of a table, a linear model in the network's place."""
    from ellayer.runs.baselines import simple_models
    from ellayer.runs.trained_run import HeldOut

    trainer = TableTrainer.read({"source": source, "target": target, **options})
    train, test, task = trainer.source.train, trainer.source.test, str(trainer.survey.task)
    train = train.take(np.random.RandomState(0).permutation(train.m)[:4000])
    test = test.take(np.random.RandomState(0).permutation(test.m)[:2000])
    classes = np.unique(np.asarray(train.y)).tolist() if task == "classes" else []
    models = simple_models(train, test.X, task, trainer.settings, classes)
    network = replace(models[0], name="the network")
    held_out = HeldOut(test, "test rows", [network, models[-1]])
    numbers = [column.name for column in trainer.survey.columns if column.kind == "numeric"]
    important = numbers[:2] if important is None else important
    case = CheckInput(trainer.survey, trainer.settings, classes, train, test, held_out, important)
    return {check.title: (check.grade, check.figure) for check in run_checks(case) if check.grade != "PASS"}


@pytest.fixture
def train(tmp_path):
    """A function that trains on columns and returns the finished run."""

    def run(columns, **options):
        pl.DataFrame(columns).write_csv(tmp_path / "table.csv")
        out = tmp_path / f"run-{len(list(tmp_path.glob('run-*')))}"
        return train_run({"source": str(tmp_path / "table.csv"), **QUICK, **options}, out)

    return run


@pytest.mark.parametrize(
    ("target", "pair"),
    [
        (A + B, "'a' + 'b'"), (3 * (A - B) + 2, "'a' − 'b'"), (A / B, "'a' / 'b'"), (B / A, "'b' / 'a'"),
        (np.where(A > B, "more", "less"), "'a' − 'b'"),
    ],
)  # fmt: skip
def test_a_target_made_of_two_columns(train, target, pair):
    run = train({"a": A, "b": B, "noise": NOISE, "y": target})
    grade, figure = alarms_of(run)["pairs of columns that leak the target"]
    assert grade == "FAIL"
    assert pair in figure


def test_a_column_that_is_the_target_in_other_units(train, capsys):
    run = train({"celsius": 5 / 9 * (A - 32), "noise": NOISE, "y": A}, epochs=100, layers=[64, 64])
    alarms = alarms_of(run)
    assert "'celsius' leaks the target 'y'" in alarms["columns that leak the target"][1]
    grade, figure = alarms["too good to be true"]
    assert grade == "FAIL"
    assert "'celsius' alone reaches" in figure
    stored = json.loads((run.path / "run.json").read_text())["checks"]
    assert {check["title"] for check in stored if check["grade"] == "FAIL"} >= set(alarms) - {"simple models"}
    assert all(check["advice"] for check in stored if check["grade"] != "PASS")
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert ">FAIL</span><b>Too good to be true" in page
    from ellayer.cli.display import show_run

    show_run(run.summary, run.path)
    shown = " ".join(capsys.readouterr().out.split())
    assert "FAIL: too good to be true: R²" in shown
    assert "Warning: 'celsius' leaks the target" not in shown


def test_a_column_that_counts_the_rows(train):
    run = train({"position": np.arange(10, m + 10), "a": A, "y": A + NOISE})
    grade, figure = alarms_of(run)["columns that count the rows"]
    assert (grade, "'position' counts the rows" in figure) == ("WARN", True)


def test_rows_repeated_across_the_split(train):
    twice = np.concatenate([np.arange(m // 2), np.arange(m // 2)])
    run = train({"a": A[twice], "b": B[twice], "y": NOISE[twice]})
    grade, figure = alarms_of(run)["rows repeated across the split"]
    assert grade == "FAIL"
    assert "of 80 test rows" in figure
    assert "rows repeated across the split" not in alarms_of(train_elsewhere(train, twice % 3))


def train_elsewhere(train, few):
    """A table of so few different values that rows repeat by nature."""
    return train({"few": few, "many": few % 2, "y": np.where(few > 1, "x", "z")[RANDOM.permutation(m)]})


UNLIKE = "test rows unlike the training rows"


@pytest.mark.parametrize(
    ("other", "blamed"),
    [({"a": A + 0.4}, "'a'"), ({"y": NOISE + 1.5}, "'y'"), ({"c": np.where(B > 1.5, "u", "v")}, "'c'")],
)
def test_a_test_file_of_another_distribution(tmp_path, other, blamed):
    columns = {"a": A, "b": B, "c": np.where(B[::-1] > 1.9, "u", "v"), "y": NOISE}
    half = {name: values[::-1] for name, values in columns.items()}
    source, file = write(tmp_path, columns), write(tmp_path, {**columns, **other}, "other.csv")
    grade, figure = stand_in_alarms(source, "y", test=file)[UNLIKE]
    assert grade == "WARN"
    assert f"most by {blamed}" in figure
    assert UNLIKE not in stand_in_alarms(source, "y", test=write(tmp_path, half, "alike.csv"))


def test_later_rows_of_another_distribution(tmp_path):
    days = np.datetime64("2024-01-01") + np.arange(m)
    later = A + (np.arange(m) > 0.8 * m)
    source = write(tmp_path, {"day": days.astype(str), "a": later, "b": B, "y": NOISE})
    assert "most by 'a'" in stand_in_alarms(source, "y", time="day")[UNLIKE][1]
    assert UNLIKE not in stand_in_alarms(source, "y")
    alike = write(tmp_path, {"day": days.astype(str), "a": A, "b": B, "y": NOISE}, "alike.csv")
    assert UNLIKE not in stand_in_alarms(alike, "y", time="day")


def test_a_carrying_column_beside_columns_of_a_given_kind(tmp_path):
    source = write(tmp_path, {"a": A, "b": B, "y": 2 * A + 1e-3 * NOISE})
    assert "'a' alone" in stand_in_alarms(source, "y", kinds={"b": "ignore"})[TOO_GOOD_TO_BE_TRUE][1]


def test_few_columns_that_carry_the_classes(tmp_path):
    rest = {f"x{k}": RANDOM.randn(3 * m) for k in range(4)}
    a, b = RANDOM.randn(2, 3 * m)
    y = np.where(a - b + 0.05 * RANDOM.randn(3 * m) > 0, "more", "less")
    grade, figure = stand_in_alarms(write(tmp_path, {"a": a, "b": b, **rest, "y": y}), "y")[
        TOO_GOOD_TO_BE_TRUE
    ]
    assert grade == "WARN"
    assert "'a', 'b' reach" in figure
    shared = {f"x{k}": np.where(y == "more", 0.75, -0.75) + RANDOM.randn(3 * m) for k in range(8)}
    assert TOO_GOOD_TO_BE_TRUE not in stand_in_alarms(write(tmp_path, {**shared, "y": y}, "easy.csv"), "y")


def test_the_stages_after_the_fit_report_their_progress(tmp_path):
    stages: dict[str, list] = {}

    def start(label, total):
        return stages.setdefault(label, []).append

    source = write(tmp_path, {"a": A, "b": B, "y": A + NOISE})
    train_run({"source": source, **QUICK}, tmp_path / "run", start=start)
    assert list(stages) == ["network", "testing", "importance", "writing report"]
    for label in list(stages)[1:]:
        numbers = [info.iteration for info in stages[label]]
        assert numbers == sorted(numbers)
        assert numbers[-1] == stages[label][-1].total
    assert [stages[label][0].unit for label in list(stages)[1:]] == ["steps", "shuffles", "files"]


def test_a_network_that_a_simple_model_beats(train):
    x = RANDOM.randn(m, 3)
    run = train({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": x @ [1.0, 2.0, 3.0] + 0.1 * NOISE}, epochs=8)
    grades = {check.figure.partition(":")[0]: check.grade for check in run.facts.checks}
    assert grades["linear regression is better"] == "WARN"
    assert any("linear regression" in sentence for sentence in run.summary["verdict"])
    assert "simple_model_better" in run.facts.diagnosis


def test_strict_ends_with_1_and_only_on_alarms(train, tmp_path, ellayer):
    pl.DataFrame({"a": A, "b": B, "y": A + B}).write_csv(tmp_path / "leak.csv")
    train_ = [
        "train",
        str(tmp_path / "leak.csv"),
        "--target",
        "y",
        "--epochs",
        "1",
        "--layers",
        "4",
        "--quiet",
    ]
    assert ellayer(*train_, "--out", str(tmp_path / "one"), "--strict").returncode == 1
    assert ellayer(*train_, "--out", str(tmp_path / "two")).returncode == 0


# Clean tables: the checks of the data, with the predictions of a linear model in place of a network's.

REAL = {
    "titanic.csv": "survived", "german_credit.csv": -1, "abalone.csv": -1, "california_housing.csv.gz": "median_house_value",
    "magic04.csv.gz": -1, "credit_default.csv.gz": -1, "covtype10k.csv.gz": -1, "penguins.csv": "species",
}  # fmt: skip
OURS = ("iris", "wine", "breast_cancer", "diabetes")


@pytest.mark.parametrize("file", REAL)
def test_silent_on_clean_files(shared_data, file):
    path = shared_data / "tabular" / file
    if not path.is_file():
        pytest.skip(f"{file} is not there")
    assert stand_in_alarms(str(path), REAL[file]) == {}


@pytest.mark.parametrize("name", OURS)
def test_silent_on_scikit_learns_tables(name, tmp_path):
    data = getattr(datasets, f"load_{name}")()
    y = data.target if name == "diabetes" else np.asarray(data.target_names)[data.target]
    frame = pl.DataFrame(data.data, schema=list(data.feature_names)).with_columns(y=pl.Series(y))
    frame.write_csv(tmp_path / f"{name}.csv")
    assert stand_in_alarms(str(tmp_path / f"{name}.csv"), "y") == {}
    if name == "iris":  # one of these columns separates the few test rows
        important = ["petal length (cm)", "petal width (cm)"]
        assert stand_in_alarms(str(tmp_path / "iris.csv"), "y", important) == {}
