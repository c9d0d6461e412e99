"""Facts of a model file as plain data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._json import finite
from ..core.parameter_names import layer_of
from ..engine.model import unpack_model
from ..engine.state import Parameters

if TYPE_CHECKING:
    from ..core.network import Network
    from ..engine.history import History
    from .saved_model import SavedModel


def facts_of(saved: SavedModel) -> dict[str, Any]:
    """Return the facts of a model file that need no data.

    Parameters
    ----------
    saved : SavedModel

    Returns
    -------
    dict
        Plain data: "file", "model", "settings", "network", "trees", "layers", "parameters", "members", "classes",
        "columns", "training", "provenance"; None or empty if the model has none.
    """
    from ..storage.file_format import read_facts

    model, file_facts = saved.model, read_facts(saved.path)
    parts = unpack_model(model)
    network, members = parts.network, parts.member_parameters
    size = saved.path.stat().st_size
    return _plain(
        {
            "file": {"path": str(saved.path), "bytes": size, **file_facts},
            "model": file_facts["kind"],
            "settings": model.get_params(deep=False) if hasattr(model, "get_params") else {},
            "network": None if network is None else _network(network),
            "trees": None if parts.outputs is None else _trees(model.members_[0]),
            "layers": [] if network is None else layers_of(network),
            "parameters": statistics(network, members),
            "members": len(members),
            "classes": saved.classes or None,
            "features": _features(model),
            "columns": model.preparation_.describe() if hasattr(model, "preparation_") else [],
            "target": getattr(model, "target_", None),
            "training": _training(model, parts.history),
            "provenance": saved.provenance,
        }
    )


def _trees(trees: Parameters) -> dict[str, int]:
    return {"trees": len(trees["roots"]), "nodes": len(trees["value"])}


def _network(network: Network) -> dict[str, Any]:
    return {
        "layer_dims": list(network.layer_dims),
        "activations": list(network.activations),
        "loss": network.loss,
        "parametric": network.parametric,
        "parameter_count": network.parameter_count,
    }


def layers_of(network: Network) -> list[dict[str, Any]]:
    """Return one row per layer, the input's embeddings and scaling first if there are any.

    Parameters
    ----------
    network : Network

    Returns
    -------
    list of dict
        "layer", "units", "activation", "shapes" of its parameters by name, "parameters", their number.
    """
    rows = []
    for l in range(network.L + 1):
        shapes = {name: shape for name, shape in network.shapes.items() if layer_of(name) == l}
        if l == 0 and not shapes:
            rows.append(_row("input", network.layer_dims[0], "", {}))
            continue
        activation = "" if l == 0 else network.activations[l - 1]
        learned = f"a{l}" in shapes
        rows.append(
            _row(
                l if l else "input",
                network.widths[l],
                f"parametric {activation}" if learned else activation,
                shapes,
            )
        )
    return rows


def _row(layer: int | str, units: int, activation: str, shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    count = sum(math.prod(shape) for shape in shapes.values())
    return {"layer": layer, "units": units, "activation": activation,
            "shapes": {name: list(shape) for name, shape in shapes.items()}, "parameters": count}  # fmt: skip


def statistics(network: Network | None, members: Sequence[Parameters]) -> list[dict[str, Any]]:
    """Return one row per parameter, over all members: mean, standard deviation, range, fraction of zeros.

    Parameters
    ----------
    network : Network or None
    members : list of dict

    Returns
    -------
    list of dict
    """
    return (
        [] if network is None else [_statistics(name, [p[name] for p in members]) for name in network.shapes]
    )


def _statistics(name: str, arrays: Sequence[np.ndarray]) -> dict[str, Any]:
    values = np.concatenate([np.asarray(array, np.float64).ravel() for array in arrays])
    return {
        "name": name, "shape": list(arrays[0].shape), "dtype": str(arrays[0].dtype), "mean": values.mean(),
        "std": values.std(), "min": values.min(), "max": values.max(), "zeros": (values == 0).mean(),
    }  # fmt: skip


def _features(model: object) -> dict[str, Any] | None:
    if not hasattr(model, "n_features_in_"):
        return None
    names = getattr(model, "feature_names_in_", None)
    return {"count": model.n_features_in_, "names": None if names is None else [str(name) for name in names]}


def _training(model: Any, history: History) -> dict[str, Any]:
    """Return a summary of the training."""
    if isinstance(model, tuple):
        return {}
    facts: dict[str, Any] = {"records": len(history)}
    for name in ("loss", "validation_loss", "validation_score"):
        if history.get(name):
            facts[name] = {"first": history[name][0], "last": history[name][-1]}
    if hasattr(model, "state"):
        facts |= {"updates": model.state.step, "seed": model.state.seed, "seconds": model.seconds}
    for name in ("n_iter_", "loss_", "best_loss_", "best_validation_score_", "best_epochs_", "validation_score_",
                 "temperature_", "stopped_by_", "engine_", "stopped_by", "engine"):  # fmt: skip
        if getattr(model, name, None) is not None:
            facts[name.rstrip("_")] = getattr(model, name)
    return facts


def _plain(value: object) -> Any:
    """Return a tree for JSON, with null for nan and infinities."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return finite(value)
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
