"""Schedules: the factor on the learning rate at each step, for whole arrays of steps at once (one row each)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from .registry import Registry


@dataclass(frozen=True)
class Schedule:
    """A schedule: ``factor(step, total)`` for an array of steps (from 0) of a run of ``total``."""

    name: str
    factor: Callable[[np.ndarray, int], np.ndarray]
    adaptive: bool = False


Factor = Callable[..., np.ndarray]

SCHEDULES: Registry[Schedule] = Registry("schedule", aliases={"reduce_on_plateau": "adaptive"})


def _schedule(name: str, **numbers: float) -> Callable[[Factor], Factor]:
    def add(factor: Factor) -> Factor:
        def make(name: str, **values: float) -> Schedule:
            return Schedule(name, partial(factor, **values), adaptive=factor is adaptive)

        SCHEDULES.add(name, make, **numbers)
        return factor

    return add


@_schedule("constant")
def constant(step: np.ndarray, total: int) -> np.ndarray:
    """1 throughout."""
    return np.ones_like(step, dtype=float)


@_schedule("step", every=1000, factor=0.5)
def step_decay(step: np.ndarray, total: int, every: float, factor: float) -> np.ndarray:
    """factor^floor(step / every)."""
    return factor ** np.floor(step / every)


@_schedule("exponential", every=1000, factor=0.9)
def exponential(step: np.ndarray, total: int, every: float, factor: float) -> np.ndarray:
    """factor^(step / every)."""
    return factor ** (step / every)


@_schedule("cosine", final=0.0)
def cosine(step: np.ndarray, total: int, final: float) -> np.ndarray:
    """From 1 to ``final`` along half a cosine over the run."""
    return final + (1.0 - final) * 0.5 * (1.0 + np.cos(math.pi * np.minimum(step / total, 1.0)))


@_schedule("one_cycle", peak=0.3, start=0.04, final=1e-4)
def one_cycle(step: np.ndarray, total: int, peak: float, start: float, final: float) -> np.ndarray:
    """From ``start`` up to 1 at ``peak`` of the run, then down to ``final``, along cosines (Smith 2018)."""
    t = np.minimum(step / total, 1.0)
    up = start + (1.0 - start) * 0.5 * (1.0 - np.cos(math.pi * np.minimum(t / peak, 1.0)))
    down = final + (1.0 - final) * 0.5 * (
        1.0 + np.cos(math.pi * np.clip((t - peak) / (1.0 - peak), 0.0, 1.0))
    )
    return np.where(t < peak, up, down)


@_schedule("flat_cosine", flat=0.5)
def flat_cosine(step: np.ndarray, total: int, flat: float) -> np.ndarray:
    """1 until ``flat`` of the run, then along half a cosine to 0."""
    t = np.minimum(step / total, 1.0)
    return 0.5 * (1.0 + np.cos(math.pi * np.clip((t - flat) / (1.0 - flat), 0.0, 1.0)))


@_schedule("log_cosine", cycles=4)
def log_cosine(step: np.ndarray, total: int, cycles: float) -> np.ndarray:
    """(1 - cos(2 pi log2(1 + (2^cycles - 1) t))) / 2: cycles that double in length (RealMLP)."""
    t = np.minimum(step / total, 1.0)
    return 0.5 * (1.0 - np.cos(2.0 * math.pi * np.log2(1.0 + (2.0**cycles - 1.0) * t)))


@_schedule("warm_up", steps=100)
def warm_up(step: np.ndarray, total: int, steps: float) -> np.ndarray:
    """From 1 / steps linearly to 1 over the first ``steps`` updates, then constant."""
    return np.minimum((step + 1.0) / steps, 1.0)


@_schedule("inverse_scaling", power=0.5)
def inverse_scaling(step: np.ndarray, total: int, power: float) -> np.ndarray:
    """1 / (step + 1)^power."""
    return 1.0 / (step + 1.0) ** power


@_schedule("adaptive", factor=0.2, patience=10, minimum=1e-6)
def adaptive(step: np.ndarray, total: int, factor: float, patience: float, minimum: float) -> np.ndarray:
    """1, times ``factor`` whenever the monitored value has not improved for ``patience`` records."""
    return np.ones_like(step, dtype=float)
