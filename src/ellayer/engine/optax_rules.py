"""Update rules by name: those of ``core`` for both loops, all others from optax for the compiled one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from ..core.arrays import Array
from ..core.optimizers import OPTIMIZERS, Optimizer
from ..core.other_words import advice, our_word
from ..core.parameter_names import kind_of
from ..core.registry import Registry
from ..core.schedules import SCHEDULES, Schedule
from ..errors import EllayerError, suggest

ScheduleSpec = str | Schedule | Callable[[int], float] | None

# optax's rules that are linear in their learning rate, with the learning rates of their papers.
OPTAX_RATES = {
    "adabelief": 1e-3,
    "adagrad": 1e-2,
    "adamax": 2e-3,
    "adan": 1e-3,
    "amsgrad": 1e-3,
    "lamb": 1e-3,
    "lion": 1e-4,
    "muon": 2e-2,
    "nadam": 1e-3,
    "nadamw": 1e-3,
    "radam": 1e-3,
    "yogi": 1e-2,
}

OPTAX_DECAYS = {"lion": 1e-3, "nadamw": 1e-4}  # optax's own defaults

LBFGS: Registry[dict[str, float]] = Registry("optimizer")
LBFGS.add("lbfgs", lambda name, **numbers: numbers, gtol=1e-5, memory=10, max_evaluations=15000)

OPTIMIZER_NAMES = (*OPTIMIZERS, *sorted(OPTAX_RATES), "lbfgs")


def find_optimizer(spec: object) -> Optimizer:
    """Return the update rule of a name, an ``Optimizer`` or an ``optax.GradientTransformation``.

    Raises
    ------
    ValueError
        For an unknown name; the message lists the known ones.

    Examples
    --------
    >>> find_optimizer("momentum(0.95)").name
    'momentum(beta=0.95)'
    """
    if isinstance(spec, Optimizer):
        return spec
    if isinstance(spec, str):
        if spec in OPTIMIZERS or spec.partition("(")[0].strip() in OPTIMIZERS:
            return OPTIMIZERS[spec]  # raises an error that lists the numbers of the rule
        name = our_word("optimizer", spec, OPTIMIZER_NAMES)
        if name in OPTAX_RATES:
            return _optax_by_name(name)
        hint = advice("optimizer", spec.partition("(")[0]) or suggest(spec, OPTIMIZER_NAMES)
        raise EllayerError(
            f"unknown optimizer: expected one of {', '.join(OPTIMIZER_NAMES)}, or an optax "
            f"GradientTransformation; received {spec!r}{hint and f'; {hint}'}"
        )
    if callable(getattr(spec, "init", None)) and callable(getattr(spec, "update", None)):
        return _from_optax("optax", spec, 1.0)
    kind = spec.__name__ if isinstance(spec, type) else type(spec).__name__
    name = our_word("optimizer", kind, (*OPTIMIZER_NAMES, *OPTIMIZERS.aliases))
    hint = f"; try {name!r} and learning_rate=..." if name else ""
    raise EllayerError(
        f"optimizer: expected a name or an optax GradientTransformation, received {kind}{hint}"
    )


@lru_cache
def _optax_by_name(name: str) -> Optimizer:
    import optax

    make = getattr(optax, name, None) or getattr(optax.contrib, name)
    options: dict[str, Any] = {}
    if name in OPTAX_DECAYS:
        options["weight_decay"] = 0.0  # replaced by ours: on W only, and optional
    if name == "muon":
        weight = optax.contrib.MuonDimensionNumbers(reduction_axis=1, output_axis=0)
        options["muon_weight_dimension_numbers"] = lambda tree: {
            k: weight if kind_of(k) == "W" else None for k in tree
        }
    rule = _from_optax(name, make(learning_rate=1.0, **options), OPTAX_RATES[name])
    return replace(rule, weight_decay=OPTAX_DECAYS.get(name, 0.0))


@lru_cache(maxsize=64)
def _from_optax(name: str, transformation: Any, learning_rate: float) -> Optimizer:
    """Wrap a transformation; its updates are scaled by our rates, which include the schedule."""

    def update(
        grads: dict[str, Array],
        state: object,
        parameters: dict[str, Array],
        rates: dict[str, Array],
        t: Array,
    ) -> tuple[dict[str, Array], Any]:
        changes, state = transformation.update({k: grads[f"d{k}"] for k in parameters}, state, parameters)
        return {
            k: theta + (rates[k] * changes[k]).astype(theta.dtype) for k, theta in parameters.items()
        }, state

    return Optimizer(name, transformation.init, update, learning_rate, compiled_only=True)


def find_schedule(spec: object) -> Schedule:
    """Return the schedule of a name, or one whose factor on the rate is a function of the step.

    Examples
    --------
    >>> find_schedule("warm_up(4)").factor(np.arange(5), 100).tolist()
    [0.25, 0.5, 0.75, 1.0, 1.0]
    >>> find_schedule(lambda step: 1 / (1 + step)).factor(np.arange(2), 100).tolist()
    [1.0, 0.5]
    """
    if spec is None:
        return SCHEDULES["constant"]
    if isinstance(spec, Schedule):
        return spec
    if isinstance(spec, str):
        return SCHEDULES[spec]
    if callable(spec):
        return Schedule("function", lambda steps, total: np.array([float(spec(int(s))) for s in steps]))
    raise EllayerError(
        f"schedule: expected a name, one of {', '.join(SCHEDULES)}, or a function of the step; "
        f"received {type(spec).__name__}"
    )
