"""A server of one model of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from served_rows import running

from ellayer import TabularClassifier, TabularRegressor, save
from ellayer.data import read_examples
from ellayer.serve import Limits, ModelStore, make_app


@pytest.fixture(scope="session")
def served(tmp_path_factory, model_files) -> dict[str, Path]:
    """Name -> model file: two of a table read from a file, and one of each other kind."""
    folder = tmp_path_factory.mktemp("served")
    lines = ["id,age,town,joined,member,answer,price"]
    towns = ("Bern", "Ulm", "Graz")
    for i in range(60):
        day = f"2024-{1 + i % 12:02}-{1 + i % 28:02}"
        lines.append(
            f"p{i:03},{20 + i % 40},{towns[i % 3]},{day},{('yes', 'no')[i % 2]},{('a', 'b')[i % 3 > 0]},{i % 7}.5"
        )
    file = folder / "people.csv"
    file.write_text("\n".join(lines) + "\n")
    quick = {"epochs": 2, "hidden_layer_sizes": (4,), "n_members": 1, "random_state": 0}
    models = {}
    for name, target, other, Model in (
        ("people", "answer", "price", TabularClassifier),
        ("prices", "price", "answer", TabularRegressor),
    ):
        examples = read_examples(file, target=target, drop=[other, "id"])
        model = Model(**quick).fit(examples.X, examples.y)
        facts = {"source": "people.csv", "target": target, "reading": examples.reading}
        models[name] = folder / f"{name}.ellayer"
        save(model, models[name], provenance=facts)
    return models | {
        name: model_files[name][0] for name in ("result", "classifier", "regressor", "labels", "constant")
    }


@pytest.fixture(scope="session")
def store(served) -> ModelStore:
    return ModelStore(f"{name}={path}" for name, path in served.items())


@pytest.fixture(scope="session")
def client(store):
    """Return a client of a server of all models, with small limits."""
    with running(make_app(store, Limits(body=100_000, rows=50), is_local=True)) as client:
        yield client
