"""Accuracy at the defaults against scikit-learn's: the same rows, the same seeds, both as they come.

Numbers are scaled, categories one-hot, missing numbers filled with the median, a regression's
target scaled; the rest is each class's defaults. A set is compared over several seeds, each a split
of its own; the difference is told in its own standard errors.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from goals import judge
from workloads import DataMissingError

SEEDS = 10
ROWS = 3000  # of the larger sets, drawn anew for each seed
NOISE = 3.25  # standard errors: 99 % of what ten equal pairs give, by Student's t


@dataclass(frozen=True)
class Data:
    """One set: a frame of columns (numbers or texts) or an array, its targets, and whether they are classes."""

    X: Any
    y: np.ndarray
    classes: bool


def _own(loader: str, classes: bool = True) -> Callable[[Path | None], Data]:
    def read(folder: Path | None) -> Data:
        import sklearn.datasets

        X, y = getattr(sklearn.datasets, loader)(return_X_y=True)
        return Data(X, y, classes)

    return read


def _file(
    name: str, target: str | int, classes: bool, drop: tuple[str, ...] = (), **reading: Any
) -> Callable:
    def read(folder: Path | None) -> Data:
        import pandas

        path = None if folder is None else folder / "tabular" / name
        if path is None or not path.exists():
            raise DataMissingError(f"{name} is not in {folder}")
        frame = pandas.read_csv(path, **reading)
        frame = frame[frame[target].notna()]
        y = frame[target].to_numpy()
        return Data(
            frame.drop(columns=[target, *drop]), y.astype(str) if classes else y.astype(float), classes
        )

    return read


SETS: dict[str, Callable[[Path | None], Data]] = {
    "iris": _own("load_iris"),
    "wine": _own("load_wine"),
    "breast_cancer": _own("load_breast_cancer"),
    "digits": _own("load_digits"),
    "diabetes": _own("load_diabetes", classes=False),
    "penguins": _file("penguins.csv", "species", True),
    "titanic": _file("titanic.csv", "survived", True, drop=("name", "ticket", "cabin")),
    "adult": _file("adult-train.csv.gz", 14, True, header=None, skipinitialspace=True, na_values="?"),
    "california_housing": _file("california_housing.csv.gz", "median_house_value", False),
    "winequality-red": _file("winequality-red.csv", "quality", False, sep=";"),
    "abalone": _file("abalone.csv", 8, False, header=None),
}


def rows(data: Path | None, repeat: int, clock: str = "wall") -> list[dict]:
    """Return a row per data set: ours less scikit-learn's, in standard errors of the difference.

    Each set in a process of its own, as many at once as cores: nothing is timed, and the loop that ``auto`` takes
    depends on the fits that a process has done before.
    """
    cores, start = os.cpu_count() or 1, multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, start, max_tasks_per_child=1) as processes:
        return [row for row in processes.map(_row, SETS, [data] * len(SETS)) if row is not None]


def _row(name: str, data: Path | None) -> dict | None:
    """Return the row of a data set, or None without its file."""
    try:
        table = SETS[name](data)
    except DataMissingError:
        return None
    with threadpool_limits(1):
        pairs = [pair(table, seed) for seed in range(SEEDS)]
    ours, theirs = (np.array(scores) for scores in zip(*pairs, strict=True))
    measure = "accuracy" if table.classes else "R²"
    what = (
        f"{name}, {SEEDS} seeds (mean {measure} {ours.mean():.4f} ellayer, {theirs.mean():.4f} scikit-learn): the "
        f"difference ({(ours - theirs).mean():+.4f}) in standard errors"
    )
    return judge("accuracy", what, in_standard_errors(ours - theirs), -NOISE, True)


def in_standard_errors(differences: np.ndarray) -> float:
    """Return the mean of paired differences over its standard error; 0 where they are all 0."""
    error = differences.std(ddof=1) / math.sqrt(len(differences))
    mean = float(differences.mean())
    return mean / error if error else math.copysign(math.inf, mean) if mean else 0.0


def pair(table: Data, seed: int) -> tuple[float, float]:
    """Fit both classes at their defaults on one split; return their scores on the rest: ours, scikit-learn's."""
    import sklearn.neural_network
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline

    import ellayer

    X, y = table.X, table.y
    if len(y) > ROWS:
        drawn = np.random.default_rng(seed).permutation(len(y))[:ROWS]
        X, y = X.iloc[drawn] if hasattr(X, "iloc") else X[drawn], y[drawn]
    halves = train_test_split(X, y, test_size=0.3, random_state=seed, stratify=y if table.classes else None)
    scores = []
    for module in (ellayer, sklearn.neural_network):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # both say that 200 epochs were not enough
            model = make_pipeline(_preparation(X), _model(module, table.classes, seed))
            scores.append(model.fit(halves[0], halves[2]).score(halves[1], halves[3]))
    return scores[0], scores[1]


def _preparation(X: Any) -> Any:
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    if not hasattr(X, "iloc"):
        return StandardScaler()
    return make_column_transformer(
        (
            make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
            make_column_selector(dtype_include="number"),
        ),
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            make_column_selector(dtype_exclude="number"),
        ),
    )


def _model(module: Any, classes: bool, seed: int) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    if classes:
        return module.MLPClassifier(random_state=seed)
    return TransformedTargetRegressor(module.MLPRegressor(random_state=seed), transformer=StandardScaler())
