"""The tables of the study: files of the shared data, and sets that scikit-learn ships or draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.model_selection import train_test_split

MOST_ROWS = 20_000  # of a table that are learned from


class TableMissingError(Exception):
    """A file is not in the folder of the data."""


@dataclass(frozen=True)
class Table:
    """A raw table: columns as found, and the target of "classes" or "numbers".

    ``kind`` is "time" or "groups" for a table whose rows have the time or the group in ``keys``.
    """

    name: str
    task: str
    X: pd.DataFrame
    y: np.ndarray
    kind: str = ""
    keys: np.ndarray | None = None


@dataclass(frozen=True)
class Split:
    """60 % to learn from (at most 20,000 rows), 20 % to choose by, 20 % to report on."""

    train: np.ndarray
    choice: np.ndarray
    test: np.ndarray


def split(table: Table, seed: int, how: str = "random") -> Split:
    """Return the rows of a seed's split, by classes in equal shares where there are any.

    "honest" is by time or by group: the latest rows are the test rows, of a table that ends earlier by a tenth for each
    seed; or whole groups that the seed draws.
    """
    if how == "honest":
        return _honest_split(table, seed)
    strata = table.y if table.task == "classes" else None
    rows = np.arange(len(table.y))
    train, rest = train_test_split(rows, test_size=0.4, random_state=seed, stratify=strata)
    strata = None if strata is None else strata[rest]
    choice, test = train_test_split(rest, test_size=0.5, random_state=seed, stratify=strata)
    return Split(train[:MOST_ROWS], choice, test)


def _honest_split(table: Table, seed: int) -> Split:
    from ellayer.estimators.hold_out import Splitter

    rows, random = np.arange(len(table.y)), np.random.RandomState(seed)
    whole = Splitter.by(len(rows), **{table.kind: table.keys})
    if table.kind == "time":
        rows = rows[~whole.hold_out(len(rows), seed / 10, random)]
    parts = []
    for share in (0.2, 0.25):  # of all rows, and of the others
        rest = whole.take(rows)
        held_out = rest.hold_out(len(rows), share, random)
        parts.append(rows[held_out])
        rows = rows[~held_out]
    return Split(rows[-MOST_ROWS:], parts[1], parts[0])


def _read(folder: Path, name: str, **arguments) -> pd.DataFrame:
    path = folder / "tabular" / name
    if not path.exists():
        raise TableMissingError(f"{path} is not there")
    return pd.read_csv(path, **arguments)


def _from_file(task: str, name: str, target: str | int, **arguments) -> Callable[[Path], Table]:
    def load(folder: Path) -> Table:
        frame = _read(folder, name, **arguments).dropna(subset=[target])
        frame.columns = [str(column) for column in frame.columns]
        return Table("", task, frame.drop(columns=str(target)), frame[str(target)].to_numpy())

    return load


def _adult(folder: Path) -> Table:
    """Both files, as one table: the split is drawn anew."""
    read = {"header": None, "skipinitialspace": True, "na_values": "?"}
    parts = [_read(folder, f"adult-{part}.csv.gz", **read) for part in ("train", "test")]
    frame = pd.concat(parts, ignore_index=True)
    frame.columns = [f"column {j}" for j in range(frame.shape[1])]
    y = frame.pop("column 14").astype(str).str.rstrip(".").to_numpy()
    return Table("", "classes", frame, y)


def _shipped(task: str, load: Callable) -> Callable[[Path], Table]:
    def table(folder: Path) -> Table:
        bunch = load(as_frame=True)
        return Table("", task, bunch.data, bunch.target.to_numpy())

    return table


def _drawn(task: str, make: Callable, **arguments) -> Callable[[Path], Table]:
    def table(folder: Path) -> Table:
        X, y = make(random_state=0, **arguments)
        return Table("", task, pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]), y)

    return table


# What the goals are about, and further ones to see that the choices are not fitted to those.
NINE: dict[str, Callable[[Path], Table]] = {
    "titanic": _from_file("classes", "titanic.csv", "survived"),
    "penguins": _from_file("classes", "penguins.csv", "species"),
    "adult": _adult,
    "california": _from_file("numbers", "california_housing.csv.gz", "median_house_value"),
    "red wine": _from_file("numbers", "winequality-red.csv", "quality", sep=";"),
    "abalone": _from_file("numbers", "abalone.csv", 8, header=None),
    "breast cancer": _shipped("classes", datasets.load_breast_cancer),
    "digits": _shipped("classes", datasets.load_digits),
    "diabetes": _shipped("numbers", datasets.load_diabetes),
}
FURTHER: dict[str, Callable[[Path], Table]] = {
    "wine": _shipped("classes", datasets.load_wine),
    "iris": _shipped("classes", datasets.load_iris),
    "red wine classes": _from_file("classes", "winequality-red.csv", "quality", sep=";"),
    "clusters": _drawn(
        "classes", datasets.make_classification, n_samples=2000, n_features=30, n_informative=6,
        n_redundant=4, n_classes=3, n_clusters_per_class=3, flip_y=0.1,
    ),
    "hastie": _drawn("classes", datasets.make_hastie_10_2, n_samples=3000),
    "friedman 1": _drawn("numbers", datasets.make_friedman1, n_samples=1000, n_features=15, noise=2.0),
    "friedman 2": _drawn("numbers", datasets.make_friedman2, n_samples=1000, noise=100.0),
    "friedman 3": _drawn("numbers", datasets.make_friedman3, n_samples=1000, noise=0.1),
    "sparse": _drawn("numbers", datasets.make_sparse_uncorrelated, n_samples=1000, n_features=20),
}  # fmt: skip


def _last_column(task: str, name: str) -> Callable[[Path], Table]:
    def load(folder: Path) -> Table:
        frame = _read(folder, name)
        y = frame.pop(frame.columns[-1]).to_numpy()
        return Table("", task, frame, y.astype(float) if task == "numbers" else y)

    return load


def _binary(folder: Path) -> Table:
    """120 binary columns, most of them rarely 1: a linear effect of half of them, and two interactions."""
    random, m = np.random.RandomState(1), 6000
    X = (random.rand(m, 120) < random.beta(0.6, 6, size=120)).astype(int)
    z = (
        X @ (random.randn(120) * (random.rand(120) < 0.5))
        + 1.5 * X[:, 3] * X[:, 7]
        - 1.2 * (X[:, 10] | X[:, 11])
    )
    z = 1.3 * (z - z.mean()) / z.std()
    names = [f"b{j}" for j in range(120)]
    return Table("", "classes", pd.DataFrame(X, columns=names), (z + random.logistic(size=m) > 0).astype(int))


def _many_levels(folder: Path) -> Table:
    """Two categories of 300 levels with effects, most of them rare."""
    random, m = np.random.RandomState(2), 8000
    levels, c = random.zipf(1.3, size=(m, 2)) % 300, random.randint(0, 40, m)
    x, effect = random.randn(m, 5), random.randn(300, 2)
    y = (
        effect[levels[:, 0], 0]
        + 0.7 * effect[levels[:, 1], 1]
        + 0.8 * np.sin(2 * x[:, 0])
        + x[:, 1] * (c % 2)
    )
    y += 0.5 * x[:, 2] + 0.5 * random.randn(m)
    names = {
        "p": [f"p{i}" for i in levels[:, 0]],
        "q": [f"q{i}" for i in levels[:, 1]],
        "c": [f"c{i}" for i in c],
    }
    return Table("", "numbers", pd.DataFrame({**names, **{f"x{j}": x[:, j] for j in range(5)}}), y)


def _bikes(folder: Path) -> Table:
    """Rented bikes of each hour of a year."""
    frame = _read(folder, "seoul_bike.csv")
    date = pd.to_datetime(frame.pop("Date"), format="%d/%m/%Y")
    day = (date - date.min()).dt.days
    y = frame.pop("RentedBikeCount").to_numpy(float)
    X = frame.assign(day=day, weekday=date.dt.weekday)
    return Table("", "numbers", X, y, "time", (24 * day + frame["Hour"]).to_numpy())


def _concrete(folder: Path) -> Table:
    """The strength of mixes of concrete at several ages; a mix is a group."""
    frame = _read(folder, "concrete.csv")
    y = frame.pop("strength").to_numpy()
    return Table(
        "", "numbers", frame, y, "groups", frame.groupby(list(frame.columns[:7])).ngroup().to_numpy()
    )


def _places(folder: Path) -> Table:
    """6,000 districts of California; a square of one degree is a group."""
    table = NINE["california"](folder)
    rows = np.random.RandomState(0).permutation(len(table.y))[:6000]
    X = table.X.iloc[rows].reset_index(drop=True)
    squares = X[["latitude", "longitude"]].apply(np.floor).astype(str).agg(" ".join, axis=1)
    return Table("", "numbers", X, table.y[rows], "groups", squares.to_numpy())


def _tickets(folder: Path) -> Table:
    """The passengers of the Titanic; those of a ticket are a group."""
    table = NINE["titanic"](folder)
    return Table(
        "", "classes", table.X.drop(columns="ticket"), table.y, "groups", table.X["ticket"].to_numpy()
    )


def _in_time(
    task: str, draw: Callable[[np.random.RandomState, np.ndarray], tuple[dict, np.ndarray]], m: int = 3000
) -> Callable[[Path], Table]:
    """Return a table of m drawn rows, three a day; "day" is a column."""

    def table(folder: Path) -> Table:
        day = np.arange(m) // 3
        columns, y = draw(np.random.RandomState(0), day / day.max())
        return Table("", task, pd.DataFrame({"day": day, **columns}), y, "time", day)

    return table


def _turning(random: np.random.RandomState, t: np.ndarray) -> tuple[dict, np.ndarray]:
    """The effects of two columns change places in the course of time."""
    x = random.randn(len(t), 6)
    effect = np.cos(np.pi * t / 2) * x[:, 0] + np.sin(np.pi * t / 2) * x[:, 1] + x[:, 2] * (x[:, 3] > 0)
    return {f"x{j}": x[:, j] for j in range(6)}, effect + 0.3 * random.randn(len(t))


def _seasons(random: np.random.RandomState, t: np.ndarray) -> tuple[dict, np.ndarray]:
    """Three years with a season, a weekly rhythm, a temperature and a trend."""
    day = np.round(t * 999)
    season = np.cos(2 * np.pi * day / 365.25)
    warm = -10 * season + 4 * random.randn(len(t))
    y = 2 * season + 0.1 * warm + (day % 7 > 4) + 2 * t + 0.5 * random.randn(len(t))
    return {"day of year": day % 365, "weekday": day % 7, "temperature": warm}, y


def _level(random: np.random.RandomState, t: np.ndarray) -> tuple[dict, np.ndarray]:
    """A random walk, and two columns with an effect."""
    x = random.randn(len(t), 4)
    walk = np.repeat(np.cumsum(random.randn(len(t) // 3)), 3) / 8
    return {f"x{j}": x[:, j] for j in range(4)}, walk + x[:, 0] + np.abs(x[:, 1]) + 0.3 * random.randn(len(t))


def _churn(random: np.random.RandomState, t: np.ndarray) -> tuple[dict, np.ndarray]:
    """Two classes; one of the columns and the frequency of the classes drift."""
    x = random.randn(len(t), 6)
    x[:, 0] += 2 * t
    odds = x[:, 0] + x[:, 1] * x[:, 2] - 0.8 * x[:, 3] - 2 + 1.5 * t
    return {f"x{j}": x[:, j] for j in range(6)}, np.where(
        odds + random.logistic(size=len(t)) > 0, "left", "stayed"
    )


def _visits(task: str) -> Callable[[Path], Table]:
    """Return 200 patients with 12 visits each: columns of the visit, of the patient, and an effect of the patient."""

    def table(folder: Path) -> Table:
        random, patient = np.random.RandomState(0), np.repeat(np.arange(200), 12)
        visit, of_patient, effect = random.randn(len(patient), 4), random.randn(200, 4), random.randn(200)
        value = visit[:, 0] + visit[:, 1] * visit[:, 2] + 0.5 * of_patient[patient, 0] + effect[patient]
        value += 0.5 * random.randn(len(patient))
        columns = {f"visit {j}": visit[:, j] for j in range(4)} | {
            f"patient {j}": of_patient[patient, j] for j in range(4)
        }
        y = value if task == "numbers" else np.where(value > 0.5, "ill", "well")
        return Table("", task, pd.DataFrame(columns), y, "groups", patient)

    return table


# Tables whose rows have a time or a group, for splits at random and honest ones.
ORDERED: dict[str, Callable[[Path], Table]] = {
    "bikes": _bikes,
    "turning": _in_time("numbers", _turning),
    "seasons": _in_time("numbers", _seasons),
    "level": _in_time("numbers", _level),
    "churn": _in_time("classes", _churn),
    "concrete": _concrete,
    "places": _places,
    "visits": _visits("numbers"),
    "illness": _visits("classes"),
    "tickets": _tickets,
}
# Tables whose sizes lie between those of the first two groups; many weak, binary and high-cardinality columns.
MORE: dict[str, Callable[[Path], Table]] = {
    "white wine": _last_column("numbers", "winequality-white.csv"),
    "white wine classes": _last_column("classes", "winequality-white.csv"),
    "german credit": _from_file("classes", "german_credit.csv", "default"),
    "credit": _last_column("classes", "credit_default.csv.gz"),
    "spam": _last_column("classes", "spambase.csv.gz"),
    "magic": _last_column("classes", "magic04.csv.gz"),
    "covtype": _last_column("classes", "covtype10k.csv.gz"),
    "weak columns": _drawn(
        "classes", datasets.make_classification, n_samples=8000, n_features=60, n_informative=25,
        n_redundant=10, n_classes=3, n_clusters_per_class=2, class_sep=0.7, flip_y=0.05,
    ),
    "binary columns": _binary,
    "many levels": _many_levels,
}  # fmt: skip
PARTS = ("places", "tickets")  # of other tables
STUDY = NINE | FURTHER | MORE | {name: load for name, load in ORDERED.items() if name not in PARTS}
TABLES = STUDY | ORDERED


def load(name: str, folder: Path) -> Table:
    """Return a table by name; the folder holds ``tabular/``."""
    return replace(TABLES[name](folder), name=name)
