"""What the tests with programs of others share: small data, no errors from their warnings, and their versions."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

HERE = Path(__file__).parent
PACKAGES = (
    "scikit-learn", "numpy", "pandas", "polars", "shap", "imbalanced-learn", "optuna", "mlflow", "skops", "MAPIE",
    "fairlearn", "dask", "distributed", "ray", "onnx", "skl2onnx", "onnxruntime", "pyright",
)  # fmt: skip


def pytest_report_header() -> str:
    return "ecosystem: " + ", ".join(f"{name} {_version(name)}" for name in PACKAGES)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Warnings of other programs are theirs; a test that is about a warning catches it."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore"), append=False)


@pytest.fixture(scope="session")
def iris() -> tuple[np.ndarray, np.ndarray]:
    """Return numbers and three classes."""
    return load_iris(return_X_y=True)


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    """Return a table of a number with gaps, a text, a date and a group."""
    random = np.random.default_rng(0)
    age = random.normal(40, 10, 300)
    age[::17] = np.nan
    return pd.DataFrame(
        {
            "age": age,
            "town": random.choice(["Bern", "Graz", "Ulm"], 300),
            "since": pd.date_range("2020-01-01", periods=300, freq="D"),
            "group": random.choice(["f", "m"], 300),
        }
    )


@pytest.fixture(scope="session")
def labels(table) -> np.ndarray:
    """Return two classes of the table's rows, one of them rarer."""
    return np.where((table["age"].fillna(40) > 45) ^ (table["town"] == "Ulm"), "yes", "no")


@pytest.fixture(scope="session")
def amounts(table) -> np.ndarray:
    """Return a number of each row of the table."""
    return table["age"].fillna(40).to_numpy() + 5.0 * (table["town"] == "Ulm").to_numpy()
