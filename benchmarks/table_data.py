"""The tables of the study: files of the shared data, and sets that scikit-learn ships or draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    """A raw table: columns as found, and the target of "classes" or "numbers"."""

    name: str
    task: str
    X: pd.DataFrame
    y: np.ndarray


@dataclass(frozen=True)
class Split:
    """60 % to learn from (at most 20,000 rows), 20 % to choose by, 20 % to report on."""

    train: np.ndarray
    choice: np.ndarray
    test: np.ndarray


def split(table: Table, seed: int) -> Split:
    """Return the rows of a seed's split, by classes in equal shares where there are any."""
    strata = table.y if table.task == "classes" else None
    rows = np.arange(len(table.y))
    train, rest = train_test_split(rows, test_size=0.4, random_state=seed, stratify=strata)
    strata = None if strata is None else strata[rest]
    choice, test = train_test_split(rest, test_size=0.5, random_state=seed, stratify=strata)
    return Split(train[:MOST_ROWS], choice, test)


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
TABLES = NINE | FURTHER


def load(name: str, folder: Path) -> Table:
    """Return a table by name; the folder holds ``tabular/``."""
    table = TABLES[name](folder)
    return Table(name, table.task, table.X, table.y)
