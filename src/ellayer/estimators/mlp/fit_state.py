"""The state of an MLP estimator between two calls of fit: in memory, and as plain arrays and JSON-able facts."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from ...core.network import Network
from ...engine.history import History
from ...engine.state import FlatState, Parameters, TrainState
from ..stored import Arrays, Facts, history_arrays, read_history, under
from .network import sklearn_name

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

_CURVES = ("loss_curve_", "validation_scores_")
_TRAIN_NUMBERS = ("step", "before", "seed", "rate_scale", "best_value", "best_step", "waited")
_MEMORY_NUMBERS = ("no_improvement", "rate_scale", "best")


class Progress(TypedDict, total=False):
    """The public fitted attributes of a fit, as in scikit-learn; those without a value yet are absent."""

    n_iter_: int
    t_: int
    loss_: float
    loss_curve_: list[float]
    best_loss_: float | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    stopped_by_: str
    engine_: str


@dataclass
class Memory:
    """The memory of the stopping rule from one call of ``fit`` or ``partial_fit`` to the next."""

    no_improvement: int = 0
    rate_scale: float = 1.0
    best: float = -math.inf
    best_parameters: Parameters | None = None


@dataclass
class FitState:
    """The state after a fit, from which the next one continues.

    Attributes
    ----------
    network : Network
    parameters : dict
        The fitted parameters: those of the best or of the last epoch.
    seed : int
        Seed of dropout masks and the order of the examples, if there is no ``train_state``.
    split_state : tuple
        The state of the random generator that draws the validation split, as returned by ``RandomState.get_state``.
    train_state : TrainState or None
        The state of the training loop after the last update; None before the first.
    restored : bool
        Whether ``parameters`` belong to the best epoch, and not to ``train_state``.
    memory : Memory
    optimizer : str, optax transformation or None
        The optimizer that ``train_state`` belongs to.
    epoch_shape : (int, int) or None
        Examples and examples per update of the last epoch: others begin a new order of examples.
    history : History
        One row per epoch.
    progress : Progress
        Epochs, losses, scores, and the reason why the fit ended.
    """

    network: Network
    parameters: Parameters
    seed: int
    split_state: tuple[Any, ...]
    train_state: TrainState | None = None
    restored: bool = False
    memory: Memory = field(default_factory=Memory)
    optimizer: Any = None
    epoch_shape: tuple[int, int] | None = None
    history: History = field(default_factory=History)
    progress: Progress = field(default_factory=lambda: Progress(n_iter_=0, t_=0))

    def copy(self) -> FitState:
        """Return a copy that shares the arrays but not the lists."""
        history = History(self.history, self.history.final)
        return replace(self, memory=replace(self.memory), history=history, progress=deepcopy(self.progress))

    def start(self, dtype: DTypeLike) -> TrainState:
        """Return the state to continue training from: the last parameters, not those of the best epoch."""
        state = self.train_state
        last = self.parameters if state is None or not self.restored else state.parameters
        parameters = {name: np.ascontiguousarray(theta, dtype=dtype) for name, theta in last.items()}
        if state is None:
            return TrainState(parameters, None, seed=self.seed)
        return replace(state, parameters=parameters)

    def network_attributes(self) -> dict[str, Any]:
        """Return the public fitted attributes that describe the network."""
        network = self.network
        return {
            "network_": network,
            "n_layers_": network.L + 1,
            "n_outputs_": network.layer_dims[-1],
            "out_activation_": sklearn_name(network.activations[-1]),
        }

    def attributes(self) -> dict[str, Any]:
        """Return all public fitted attributes except the parameters."""
        return self.network_attributes() | dict(self.progress) | {"history_": self.history}

    # Storage

    def to_arrays(self) -> tuple[Arrays, Facts]:
        """Return arrays and facts for a file.

        The optimizer state is included, also that of optax if the optimizer was selected by name; after a
        transformation passed as an object, training continues from the parameters only.
        """
        arrays, progress = dict(self.parameters), dict(self.progress)
        curves = {name: progress.pop(name) for name in _CURVES if name in progress}
        arrays |= {
            f"curve/{name}": np.asarray(curve, float) for name, curve in curves.items() if curve is not None
        }
        arrays |= history_arrays(self.history)
        kind, keys, position, *_ = self.split_state
        arrays["split"] = np.asarray(keys, np.uint32)
        facts: Facts = {
            "network": self.network.to_json(),
            "numbers": {name: _plain(value) for name, value in progress.items()},
            "history": list(self.history),
            "memory": {name: _plain(getattr(self.memory, name)) for name in _MEMORY_NUMBERS},
            "restored": self.restored,
            "seed": int(self.seed),
            "place": list(self.epoch_shape or ()),
            "optimizer": self.optimizer if isinstance(self.optimizer, str) else None,
            "split": [kind, int(position)],
        }
        if None in curves.values():
            facts["none"] = [name for name, curve in curves.items() if curve is None]
        if self.memory.best_parameters is not None:
            arrays |= {f"best/{name}": theta for name, theta in self.memory.best_parameters.items()}
        if self.train_state is not None:
            _add_train_state(self.train_state, self.restored, arrays, facts)
        return arrays, facts

    @classmethod
    def from_arrays(cls, arrays: Arrays, facts: Facts) -> FitState:
        """Return the state from the result of ``to_arrays``."""
        network = Network.from_json(facts["network"])
        parameters = {name: np.ascontiguousarray(arrays[name]) for name in network.shapes}
        progress: Any = {name: _number(value) for name, value in facts["numbers"].items()}
        progress |= {name: curve.tolist() for name, curve in under(arrays, "curve/").items()}
        progress |= dict.fromkeys(facts.get("none", []))
        memory = Memory(
            **{name: _number(value) for name, value in facts["memory"].items()},
            best_parameters=under(arrays, "best/") or None,
        )
        return cls(
            network,
            parameters,
            facts["seed"],
            (facts["split"][0], arrays["split"], facts["split"][1], 0, 0.0),
            train_state=_train_state(parameters, arrays, facts),
            restored=facts["restored"],
            memory=memory,
            optimizer=facts["optimizer"],
            epoch_shape=tuple(facts["place"]) or None,
            history=read_history(arrays, facts["history"]),
            progress=progress,
        )


def _add_train_state(state: TrainState, restored: bool, arrays: Arrays, facts: Facts) -> None:
    """Add the state of the loop: arrays under "state/", numbers under facts["state"]."""
    facts["state"] = {name: _plain(getattr(state, name)) for name in _TRAIN_NUMBERS}
    facts["slots"] = None
    if restored:
        arrays |= {f"state/parameters/{name}": theta for name, theta in state.parameters.items()}
    if state.best_parameters is not None:
        arrays |= {f"state/best/{name}": theta for name, theta in state.best_parameters.items()}
    tree = state.optimizer_state
    if isinstance(tree, dict) and all(isinstance(slot, dict) for slot in tree.values()):
        facts["slots"] = list(tree)
        for slot, values in tree.items():
            arrays |= {f"state/optimizer/{slot}/{name}": np.asarray(value) for name, value in values.items()}
    elif tree is not None:
        flat = tree if isinstance(tree, FlatState) else FlatState.of(tree)
        arrays |= {f"state/optax/{path}": array for path, array in flat.arrays.items()}


def _train_state(parameters: Parameters, arrays: Arrays, facts: Facts) -> TrainState | None:
    if "state" not in facts:
        return None
    slots = facts["slots"]
    optimizer_state: Any = None
    if slots is not None:
        optimizer_state = {slot: under(arrays, f"state/optimizer/{slot}/") for slot in slots}
    elif leaves := under(arrays, "state/optax/"):
        optimizer_state = FlatState(leaves)
    known = {field.name for field in fields(TrainState)}
    return TrainState(
        under(arrays, "state/parameters/") or parameters,
        optimizer_state,
        best_parameters=under(arrays, "state/best/") or None,
        **{name: _number(value) for name, value in facts["state"].items() if name in known},
    )


def _plain(value: object) -> object:
    """Return a number for JSON, with nan and infinities as text."""
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else str(float(value))
    return int(value) if isinstance(value, np.integer) else value


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) and value in ("inf", "-inf", "nan") else value
