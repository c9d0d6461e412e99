"""Everything fitted as plain arrays and JSON-able facts, and back: what a model file holds."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from sklearn.preprocessing import LabelBinarizer

from ...core.network import Network
from ...engine.history import History
from ...engine.state import FlatState, TrainState
from ...errors import EllayerError
from ..sklearn_compat import label_binarizer, label_kind, sparse_label_input
from .epoch_rule import Memory

CURVES = ("loss_curve_", "validation_scores_")
NUMBERS = ("loss_", "best_loss_", "best_validation_score_", "n_iter_", "t_", "stopped_by_", "engine_")


def get_fitted(estimator: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return arrays and facts; everything fitted but the constructor's parameters.

    The optimizer's state goes along, optax's too where the optimizer was asked for by name; after a
    transformation given as an object, training goes on from the parameters alone.
    """
    arrays = dict(estimator.parameters_)
    facts: dict[str, Any] = {
        "network": estimator.network_.to_json(),
        "n_features_in": estimator.n_features_in_,
        "feature_names": _names(estimator),
        "numbers": {name: _plain(getattr(estimator, name)) for name in NUMBERS if hasattr(estimator, name)},
        "history": list(estimator.history_),
    }
    for name in CURVES:
        if getattr(estimator, name, None) is not None:
            arrays[f"curve/{name}"] = np.asarray(getattr(estimator, name), float)
        elif hasattr(estimator, name):
            facts.setdefault("none", []).append(name)
    for name, column in estimator.history_.items():
        arrays[f"history/{name}"] = np.asarray(column, float)
    if hasattr(estimator, "classes_"):
        facts["labels"] = _labels_to_facts(estimator._label_binarizer)
    _state_to_arrays(estimator, arrays, facts)
    return arrays, facts


def set_fitted(estimator: Any, arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
    """Make an estimator of the same constructor's parameters the fitted one again."""
    network = Network.from_json(facts["network"])
    estimator._set_network(network)
    estimator._named_layer = network.L - 1
    estimator._set_parameters({name: np.ascontiguousarray(arrays[name]) for name in network.shapes})
    estimator.n_features_in_ = facts["n_features_in"]
    if facts["feature_names"] is not None:
        estimator.feature_names_in_ = np.array(facts["feature_names"], dtype=object)
    for name, value in facts["numbers"].items():
        setattr(estimator, name, _number(value))
    for name in CURVES:
        if f"curve/{name}" in arrays:
            setattr(estimator, name, arrays[f"curve/{name}"].tolist())
        elif name in facts.get("none", []):
            setattr(estimator, name, None)
    estimator.history_ = History({name: arrays[f"history/{name}"].tolist() for name in facts["history"]})
    estimator.history_["epoch"] = [int(e) for e in estimator.history_.get("epoch", [])]
    if "labels" in facts:
        estimator._label_binarizer = _labels_from_facts(facts["labels"])
        estimator.classes_ = estimator._label_binarizer.classes_
    _state_from_arrays(estimator, arrays, facts)


def _names(estimator: Any) -> list[str] | None:
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def _plain(value: Any) -> Any:
    """A number as JSON has it: nan and infinities as text."""
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else str(float(value))
    return int(value) if isinstance(value, np.integer) else value


def _number(value: Any) -> Any:
    return float(value) if value in ("inf", "-inf", "nan") else value


def _labels_to_facts(labels: LabelBinarizer) -> dict[str, Any]:
    classes = labels.classes_
    values = classes.tolist()
    if not all(isinstance(value, (str, int, float, bool)) for value in values):
        raise EllayerError(
            f"classes_: expected labels that are text, whole numbers, numbers or bools to store; received "
            f"{type(values[0]).__name__}"
        )
    kind = "O" if classes.dtype.kind == "O" else classes.dtype.str
    return {"dtype": kind, "values": values, "type": label_kind(labels), "sparse": sparse_label_input(labels)}


def _labels_from_facts(facts: dict[str, Any]) -> LabelBinarizer:
    classes = np.array(facts["values"], dtype=np.dtype(facts["dtype"]))
    return label_binarizer(classes, facts["type"], facts["sparse"])


# Training state: arrays under "state/", numbers under facts["state"]

_STATE_NUMBERS = ("step", "before", "seed", "rate_scale", "best_value", "best_step", "waited")


def _state_to_arrays(estimator: Any, arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
    memory, state = estimator._memory, estimator._state
    facts["memory"] = {
        name: _plain(getattr(memory, name)) for name in ("no_improvement", "rate_scale", "best")
    }
    facts["restored"] = estimator._restored
    facts["seed"] = int(estimator._seed)
    facts["place"] = list(getattr(estimator, "_place", ()))
    spec = estimator._optimizer_spec
    facts["optimizer"] = spec if isinstance(spec, str) else None
    kind, keys, position, *_ = estimator._split_state
    facts["split"] = [kind, int(position)]
    arrays["split"] = np.asarray(keys, np.uint32)
    if memory.best_parameters is not None:
        arrays |= {f"best/{name}": theta for name, theta in memory.best_parameters.items()}
    if state is None:
        return
    facts["state"] = {name: _plain(getattr(state, name)) for name in _STATE_NUMBERS}
    if estimator._restored:
        arrays |= {f"state/parameters/{name}": theta for name, theta in state.parameters.items()}
    if state.best_parameters is not None:
        arrays |= {f"state/best/{name}": theta for name, theta in state.best_parameters.items()}
    tree = state.optimizer_state
    facts["slots"] = None
    if isinstance(tree, dict) and all(isinstance(slot, dict) for slot in tree.values()):
        facts["slots"] = list(tree)
        for slot, values in tree.items():
            arrays |= {f"state/optimizer/{slot}/{name}": np.asarray(value) for name, value in values.items()}
    elif tree is not None:
        flat = tree if isinstance(tree, FlatState) else FlatState.of(tree)
        arrays |= {f"state/optax/{path}": array for path, array in flat.arrays.items()}


def _state_from_arrays(estimator: Any, arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
    estimator._memory = Memory(**{name: _number(value) for name, value in facts["memory"].items()})
    estimator._memory.best_parameters = _under(arrays, "best/") or None
    estimator._restored = facts["restored"]
    estimator._seed = facts["seed"]
    estimator._place = tuple(facts["place"])
    estimator._optimizer_spec = facts["optimizer"]
    estimator._split_state = (facts["split"][0], arrays["split"], facts["split"][1], 0, 0.0)
    estimator._state = None
    if "state" not in facts:
        return
    slots = facts["slots"]
    optimizer_state: Any = None
    if slots is not None:
        optimizer_state = {slot: _under(arrays, f"state/optimizer/{slot}/") for slot in slots}
    elif leaves := _under(arrays, "state/optax/"):
        optimizer_state = FlatState(leaves)
    known = {field.name for field in fields(TrainState)}
    numbers = {name: _number(value) for name, value in facts["state"].items() if name in known}
    estimator._state = TrainState(
        _under(arrays, "state/parameters/") or estimator.parameters_,
        optimizer_state,
        best_parameters=_under(arrays, "state/best/") or None,
        **numbers,
    )


def _under(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}
