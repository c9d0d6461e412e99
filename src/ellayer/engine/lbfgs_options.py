"""The optimizer "lbfgs" by name, with its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.registry import Registry


@dataclass(frozen=True)
class LbfgsOptions:
    """The numbers in brackets of optimizer "lbfgs".

    Parameters
    ----------
    gtol : float
        Stop where no entry of the gradient is larger.
    memory : int
        Updates that the curvature is learned from.
    max_evaluations : int
    """

    gtol: float
    memory: int
    max_evaluations: int


LBFGS: Registry[LbfgsOptions] = Registry("optimizer")
LBFGS.add(
    "lbfgs",
    lambda name, gtol, memory, max_evaluations: LbfgsOptions(gtol, int(memory), int(max_evaluations)),
    gtol=1e-5, memory=10, max_evaluations=15000,
)  # fmt: skip
