"""Openings of a page: a named set, a file, a model, the folder of a run, or a result of Python."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..core.network import Network
from ..data.planar import PLANE
from ..engine.model import Model, ModelParts, unpack_model
from ..engine.state import Parameters
from ..errors import EllayerError, UsageError
from ..storage import load
from .messages import JsonObject, LayerState, NetworkState
from .opening import Opening, StartModel
from .state import TABLES
from .tables import MODEL_SUFFIX, GivenArrays, GivenFile

BY_SHAPE = {  # (inputs, classes): a set to show a model on; 0 classes for numbers
    (2, 2): "flower", (2, 4): "four_clouds", (2, 0): "waves", (4, 3): "iris", (30, 2): "breast_cancer", (64, 10): "digits",
}  # fmt: skip


def opening_of_source(source: str | None, target: str | None) -> Opening:
    """Return the opening of ``ellayer play SOURCE``.

    Parameters
    ----------
    source : str or None
        The name of a data set, a file, a model file or the folder of a run.
    target : str or None
        The column to predict, for a file.
    """
    if source is None or source in (*PLANE, *TABLES):
        if target is not None:
            raise UsageError("--target: expected none without a file, received a column; name the file")
        return Opening({} if source is None else {"data": {"source": source}})
    path = Path(source)
    if (path.is_dir() and (path / "model.ellayer").is_file()) or path.suffix == MODEL_SUFFIX:
        return opening_of_model(load(path), f"ellayer.load({source!r})", _source_of_run(path))
    if not path.exists():
        known = ", ".join((*PLANE, *TABLES))
        raise UsageError(
            f"expected a file, a model, the folder of a run or one of {known}; received {source!r}"
        )
    file = GivenFile(path, path.name, source)
    if target is None and path.is_file():
        columns = file.describe()["columns"]
        assert isinstance(columns, list)
        names = ", ".join(str(column["name"]) for column in columns[:20])
        raise UsageError(f"--target: expected the column to predict, received none; the columns are {names}")
    file.rows(target or "")  # refuses a wrong target before the page opens
    data = {"source": "upload:file", "target": target or ""}
    training = {"optimizer": "adam", "learning_rate": 0.01, "batch_size": 256}
    network = {"hidden": [{"units": 8, "activation": "relu"}], "initializer": "auto"}
    return Opening({"data": data, "training": training, "network": network}, tables={"upload:file": file})


def _source_of_run(path: Path) -> str | None:
    """Return the named set of a run's folder."""
    import tomllib

    config = path / "config.toml" if path.is_dir() else path.parent / "config.toml"
    try:
        source = tomllib.loads(config.read_text(encoding="utf-8")).get("source")
    except (OSError, ValueError):
        return None
    return source if source in (*PLANE, *TABLES) else None


def opening_of_file(body: bytes) -> Opening:
    """Return the opening of the bytes of a model file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.ellayer")
        path.write_bytes(body)
        try:
            model = load(path)
        except EllayerError as error:
            raise EllayerError(str(error).replace(str(path), "the file")) from None
    return opening_of_model(model, "ellayer.load('model.ellayer')", None)


def opening_of_model(
    model: Model | tuple[Network, Mapping[str, Any]],
    expression: str,
    source: str | None,
    arrays: tuple[np.ndarray, np.ndarray] | None = None,
) -> Opening:
    """Return the opening of a model, to inspect and to train further.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), or a fitted estimator
    expression : str
        The model in the Python text.
    source : str or None
        The data set it was trained on; by default one of its shape.
    arrays : (X, Y), optional
        Examples as columns.
    """
    parts = unpack_model(model)
    network, parameters = _single_network(parts)
    classes = 0 if parts.target_kind == "numbers" else max(2, network.layer_dims[-1])
    tables = {}
    if arrays is not None:
        source = "upload:given"
        tables = {source: GivenArrays(*arrays, numbers=not classes)}
    source = source or BY_SHAPE.get((network.layer_dims[0], classes))
    if source is None:
        raise EllayerError(
            f"model: expected one with the shape of a data set that the page has, received {network!r}; pass its examples: "
            "ellayer.play(model, X, Y)"
        )
    hidden = [
        LayerState(units=units, activation=activation)
        for units, activation in zip(network.layer_dims[1:-1], network.activations[:-1], strict=True)
    ]
    own = "[1]" if isinstance(model, tuple) else ".model_parts().member_parameters[0]"
    part = NetworkState(hidden=hidden, initializer="auto", seed=0)
    state: JsonObject = {
        "data": {"source": source, "scale": False, "test_fraction": 0.0 if arrays is not None else 0.2},
        "network": part,
        "training": {"loss": network.loss},
    }
    return Opening(state, StartModel(parameters, part, network.loss, f"{expression}{own}"), tables)


def _single_network(parts: ModelParts) -> tuple[Network, Parameters]:
    """Return the one network of a model.

    Raises
    ------
    EllayerError
        For a model of several networks, of a table, or with functions of its own.
    """
    network = parts.network
    plain = network is not None and network.inputs is None and not network.parametric and not network.custom
    if not plain or len(parts.member_parameters) != 1 or parts.input_columns is not None:
        raise EllayerError(
            "model: expected one network of numbers, received a model of a table or of several networks; try ellayer "
            "inspect for it, or ellayer play FILE --target COLUMN for its data"
        )
    assert network is not None
    default = Network(network.layer_dims, network.activations[:-1], network.loss)
    if default.activations[-1] != network.activations[-1]:
        raise EllayerError(
            f"model: expected the output {default.activations[-1]} for the loss {network.loss}, received "
            f"{network.activations[-1]}"
        )
    return network, {
        name: np.asarray(theta, np.float64) for name, theta in parts.member_parameters[0].items()
    }
