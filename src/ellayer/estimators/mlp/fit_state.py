"""The state of an MLP estimator between two calls of fit: in memory, and as plain arrays and JSON-able facts."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypedDict

import numpy as np

from ..._forms import Count, Positive, Rule, conform
from ...core.network import Network
from ...engine.history import History
from ...engine.state import FlatState, Parameters, TrainState
from ...engine.stored import read_network, read_parameters
from ...errors import EllayerError
from ..stored import Arrays, Facts, history_arrays, read_array, read_column, read_history, under
from .network import sklearn_name

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

_CURVES = ("loss_curve_", "validation_scores_")
_TRAIN_NUMBERS = ("step", "before", "seed", "rate_scale", "best_value", "best_step", "waited")
_MEMORY_NUMBERS = ("no_improvement", "rate_scale", "best")


Number: TypeAlias = float | Literal["inf", "-inf", "nan"]


class ProgressFacts(TypedDict, total=False):
    """``Progress`` in a file, without its curves."""

    n_iter_: Count
    t_: Count
    loss_: Number
    best_loss_: Number | None
    best_validation_score_: Number | None
    stopped_by_: str
    engine_: str


class MemoryFacts(TypedDict):
    """``Memory`` in a file, without its parameters."""

    no_improvement: Count
    rate_scale: Number
    best: Number


class TrainFacts(TypedDict, total=False):
    """The numbers of a ``TrainState`` in a file."""

    step: Count
    before: Count
    seed: Count
    rate_scale: Number
    best_value: Number | None
    best_step: Count
    waited: Count


class _LaterFacts(TypedDict, total=False):
    none: list[Literal["loss_curve_", "validation_scores_", "best_loss_"]]
    state: TrainFacts
    slots: list[str] | None


class StateFacts(_LaterFacts):
    """``FitState`` in a file, without its arrays."""

    network: str
    numbers: ProgressFacts
    history: list[str]
    memory: MemoryFacts
    restored: bool
    seed: Count
    place: Annotated[list[Positive], Rule("with two items, or none", lambda items: len(items) in (0, 2))]
    optimizer: str | None
    split: tuple[Literal["MT19937"], Annotated[Count, Rule("up to 624", lambda n: n <= 624)]]


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

    def predictor_attributes(self, parameters: Parameters) -> dict[str, Any]:
        """Return the attributes with which a copy of the estimator predicts by some parameters."""
        return self.network_attributes() | coefficients(parameters)

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
        stored = conform(facts, StateFacts, "facts")
        network = read_network(stored["network"], len(arrays))
        own = {name: theta for name, theta in arrays.items() if "/" not in name and name != "split"}
        parameters = read_parameters(network, own)
        numbers: dict[str, Any] = {**stored["numbers"]}
        progress: Any = {
            name: _number(numbers[name]) for name in ProgressFacts.__annotations__ if name in numbers
        }
        progress |= {
            name: read_column(arrays, f"curve/{name}") for name in _CURVES if f"curve/{name}" in arrays
        }
        progress |= dict.fromkeys(stored.get("none", []))
        kind, position = stored["split"]
        place = stored["place"]
        return cls(
            network,
            parameters,
            stored["seed"],
            (kind, read_array(arrays, "split", (624,), "u"), position, 0, 0.0),
            train_state=_train_state(network, parameters, arrays, stored),
            restored=stored["restored"],
            memory=_read_memory(network, arrays, stored["memory"]),
            optimizer=stored["optimizer"],
            epoch_shape=(place[0], place[1]) if place else None,
            history=read_history(arrays, stored["history"]),
            progress=progress,
        )


def coefficients(parameters: Parameters) -> dict[str, list[np.ndarray]]:
    """Return ``coefs_`` and ``intercepts_`` as views of W^[l] and b^[l]."""
    layers = range(1, len(parameters) // 2 + 1)
    return {
        "coefs_": [parameters[f"W{l}"].T for l in layers],
        "intercepts_": [parameters[f"b{l}"].ravel() for l in layers],
    }


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


def _read_memory(network: Network, arrays: Arrays, stored: MemoryFacts) -> Memory:
    best = under(arrays, "best/")
    return Memory(
        stored["no_improvement"],
        _number(stored["rate_scale"]),
        _number(stored["best"]),
        read_parameters(network, best, "best") if best else None,
    )


def _train_state(
    network: Network, parameters: Parameters, arrays: Arrays, stored: StateFacts
) -> TrainState | None:
    if "state" not in stored:
        return None
    slots = stored.get("slots")
    optimizer_state: Any = None
    if slots is not None:
        optimizer_state = {}
        for slot in slots:
            values = optimizer_state[slot] = under(arrays, f"state/optimizer/{slot}/")
            if any(
                theta.shape != network.shapes.get(name) or theta.dtype.kind != "f"
                for name, theta in values.items()
            ):
                raise EllayerError(f"state/optimizer/{slot}: expected arrays of the shapes of the parameters")
    elif leaves := under(arrays, "state/optax/"):
        optimizer_state = FlatState(leaves)
    last, best = under(arrays, "state/parameters/"), under(arrays, "state/best/")
    return TrainState(
        read_parameters(network, last, "state/parameters") if last else parameters,
        optimizer_state,
        best_parameters=read_parameters(network, best, "state/best") if best else None,
        **{name: _number(value) for name, value in stored["state"].items() if name in _TRAIN_NUMBERS},
    )


def _plain(value: object) -> object:
    """Return a number for JSON, with nan and infinities as text."""
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else str(float(value))
    return int(value) if isinstance(value, np.integer) else value


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) and value in ("inf", "-inf", "nan") else value
