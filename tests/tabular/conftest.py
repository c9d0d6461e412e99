"""Real tables as frames, and small networks for them."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def tables(shared_data):
    """Name -> (frame, target)."""
    folder = shared_data / "tabular"
    titanic = pd.read_csv(folder / "titanic.csv")
    penguins = pd.read_csv(folder / "penguins.csv")
    adult = pd.read_csv(folder / "adult-train.csv.gz", header=None, skipinitialspace=True, nrows=3000)
    adult.columns = [f"c{j}" for j in range(15)]
    wine = pd.read_csv(folder / "winequality-red.csv", sep=";")
    abalone = pd.read_csv(folder / "abalone.csv", header=None)
    abalone.columns = [f"c{j}" for j in range(9)]
    return {
        "titanic": (titanic.drop(columns="survived"), titanic["survived"]),
        "penguins": (penguins.drop(columns="species"), penguins["species"]),
        "adult": (adult.drop(columns="c14"), adult["c14"]),
        "red wine": (wine.drop(columns="quality"), wine["quality"].astype(float)),
        "abalone": (abalone.drop(columns="c8"), abalone["c8"].astype(float)),
    }
