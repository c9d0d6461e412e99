"""What a model file holds, as plain facts: for a table on the terminal and for a program."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..core.network import Network
    from .saved_model import SavedModel

Parameters = dict[str, np.ndarray]


def facts_of(saved: SavedModel) -> dict[str, Any]:
    """Return everything that can be said of a model file without data.

    Parameters
    ----------
    saved : SavedModel

    Returns
    -------
    dict
        Plain data: "file", "model", "settings", "network", "layers", "parameters", "members", "classes",
        "columns", "training", "provenance"; None or empty where the model has none.
    """
    from ..storage.file_format import read_facts

    model, written = saved.model, read_facts(saved.path)
    network, members = _networks(model)
    size = saved.path.stat().st_size
    return _plain(
        {
            "file": {"path": str(saved.path), "bytes": size, **written},
            "model": written["kind"],
            "settings": model.get_params(deep=False) if hasattr(model, "get_params") else {},
            "network": None if network is None else _network(network),
            "layers": [] if network is None else layers_of(network),
            "parameters": statistics(network, members),
            "members": len(members),
            "classes": getattr(model, "classes_", saved.provenance.get("classes")),
            "features": _features(model),
            "columns": model.preparation_.describe() if hasattr(model, "preparation_") else [],
            "target": getattr(model, "target_", None),
            "training": _training(model),
            "provenance": saved.provenance,
        }
    )


def _networks(model: Any) -> tuple[Network | None, list[Parameters]]:
    """The network and the parameters of each member; of a constant none."""
    if isinstance(model, tuple):
        return model[0], [model[1]]
    if hasattr(model, "network"):
        return model.network, [model.parameters]
    if hasattr(model, "members_"):
        return model.network_, model.members_
    return model.network_, [model.parameters_]


def _network(network: Network) -> dict[str, Any]:
    return {
        "layer_dims": list(network.layer_dims),
        "activations": list(network.activations),
        "loss": network.loss,
        "parametric": network.parametric,
        "parameter_count": network.parameter_count,
    }


def layers_of(network: Network) -> list[dict[str, Any]]:
    """Return one row per layer, the input's embeddings and scaling first where there are any.

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
        shapes = {name: shape for name, shape in network.shapes.items() if _layer(name) == l}
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


def _row(layer: Any, units: int, activation: str, shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    count = sum(math.prod(shape) for shape in shapes.values())
    return {"layer": layer, "units": units, "activation": activation,
            "shapes": {name: list(shape) for name, shape in shapes.items()}, "parameters": count}  # fmt: skip


def _layer(name: str) -> int:
    """The layer of a parameter; those of the inputs (f0, E1, s0, ...) are of layer 0."""
    return int(name[1:]) if name[0] in "Wba" else 0


def statistics(network: Network | None, members: list[Parameters]) -> list[dict[str, Any]]:
    """Return one row per parameter, over all members: mean, spread, ends, shares of zeros and of nan.

    Parameters
    ----------
    network : Network or None
    members : list of dict

    Returns
    -------
    list of dict
    """
    return [] if network is None else [_told(name, [p[name] for p in members]) for name in network.shapes]


def _told(name: str, arrays: list[np.ndarray]) -> dict[str, Any]:
    values = np.concatenate([np.asarray(array, np.float64).ravel() for array in arrays])
    known = values[np.isfinite(values)]
    told = {"name": name, "shape": list(arrays[0].shape), "dtype": str(arrays[0].dtype)}
    numbers = dict.fromkeys(("mean", "std", "min", "max"), math.nan)
    if len(known):
        numbers = {"mean": known.mean(), "std": known.std(), "min": known.min(), "max": known.max()}
    return {**told, **numbers, "zeros": (values == 0).mean(), "not_finite": int(len(values) - len(known))}


def _features(model: Any) -> dict[str, Any] | None:
    if not hasattr(model, "n_features_in_"):
        return None
    names = getattr(model, "feature_names_in_", None)
    return {"count": model.n_features_in_, "names": None if names is None else [str(name) for name in names]}


def _training(model: Any) -> dict[str, Any]:
    """The run in short."""
    if isinstance(model, tuple):
        return {}
    history = getattr(model, "history_", getattr(model, "history", {}))
    told: dict[str, Any] = {"records": len(history)}
    for name in ("loss", "validation_loss", "validation_score"):
        if history.get(name):
            told[name] = {"first": history[name][0], "last": history[name][-1]}
    if hasattr(model, "state"):
        told |= {"updates": model.state.step, "seed": model.state.seed, "seconds": model.seconds}
    for name in ("n_iter_", "loss_", "best_loss_", "best_validation_score_", "best_epochs_", "validation_score_",
                 "temperature_", "stopped_by_", "engine_"):  # fmt: skip
        if getattr(model, name, None) is not None:
            told[name.rstrip("_")] = getattr(model, name)
    for name in ("stopped_by", "engine"):
        if hasattr(model, name):
            told[name] = getattr(model, name)
    return told


def _plain(value: Any) -> Any:
    """A tree as JSON has it: nan and infinities as null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
