"""Base of the encoders of numbers: scaled parts, and bins where these help."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from .._forms import Positive, conform
from ..errors import EllayerError
from .column_encoder import QUIET, Blocks, ColumnEncoder, WarnAbout, read_numbers
from .columns import Column
from .export_plan import ColumnPlan, PartPlan
from .scaling import SPREAD, has_two_values

PERIODS = {"year": 365.2425, "week": 7.0, "day": 1.0}  # in days
T = TypeVar("T")


@dataclass
class ScaledEncoder(ColumnEncoder):
    """A column of numbers: z = (x - center) / scale for each of its parts, its bin, and whether it is missing.

    Attributes
    ----------
    edges : ndarray
        The limits between bins if a column of the matrix is the number of the bin of a value; else empty.
    indicator : bool
        Whether a column of the matrix is 1 where the value is missing.
    parts : list of str
        The numbers computed from a value.
    plain : bool
        Whether they need no embedding, because there are only two values.
    """

    indicator: bool = False
    parts: list[str] = field(default_factory=list)
    plain: bool = False
    edges: np.ndarray = field(default_factory=lambda: np.zeros(0), kw_only=True)

    expected: ClassVar[str] = "numbers"

    @property
    def code_levels(self) -> int:
        """The number of bins; 0 without them."""
        return len(self.edges) + 1 if len(self.edges) else 0

    @property
    def code_names(self) -> list[str]:
        """The limits of each bin."""
        ends = [f"{edge:.6g}" for edge in self.edges]
        inner = [f"{low} to {high}" for low, high in pairwise(ends)]
        return [f"up to {ends[0]}", *inner, f"above {ends[-1]}"] if ends else []

    @abstractmethod
    def read(self, column: Column) -> tuple[np.ndarray, np.ndarray]:
        """Return the values as float64, nan if missing, and a mask of unreadable ones."""

    def part(self, values: np.ndarray, part: str) -> np.ndarray:
        """Return the numbers of one part."""
        return values

    def encode(self, column: Column, warn: WarnAbout = QUIET) -> Blocks[np.ndarray]:
        """Return each part, and whether the value is missing."""
        values, wrong = self.read(column)
        if warn.types and self.parts:
            self._check_types(column, wrong, self.expected)
        missing = [np.isnan(values).astype(np.int8)] if self.indicator else []
        codes = [self.bins(values)] if self.code_levels else []
        return self._blocks([self.part(values, part) for part in self.parts], missing, codes)

    def bins(self, values: np.ndarray) -> np.ndarray:
        """Return the number of edges below each value, -1 for a missing one."""
        return np.where(np.isnan(values), -1, np.searchsorted(self.edges, values))

    def names(self) -> Blocks[str]:
        """Return "name", or "name: part", and "name: bin"."""
        parts = [self.name if part == "value" else f"{self.name}: {part}" for part in self.parts]
        missing = [f"{self.name}: missing"] if self.indicator else []
        return self._blocks(parts, missing, [f"{self.name}: bin"] if self.code_levels else [])

    def _blocks(self, numbers: Sequence[T], flags: Sequence[T], codes: Sequence[T]) -> Blocks[T]:
        return Blocks((), numbers, flags, codes) if self.plain else Blocks(numbers, (), flags, codes)

    def export_plan(self, place: int) -> ColumnPlan | None:
        """Return each part with its center and scale."""
        numbers = zip(self.parts, self.center.tolist(), self.scale.tolist(), strict=True)
        parts = [self._part_plan(part, center, scale) for part, center, scale in numbers]
        plan = self._plan(place, parts, self.indicator, [])
        return plan and {**plan, "edges": self.edges.tolist()}

    def export_values(self, column: Column) -> np.ndarray:
        """Return the values as float64, nan where missing."""
        return self.read(column)[0]

    def to_facts(self) -> dict[str, Any]:
        """Return the facts with the number of bins, if there are any."""
        facts = super().to_facts()
        return {**facts, "bins": self.code_levels} if self.code_levels else facts

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """Return the encoder without its arrays."""
        encoder = super().from_facts(facts)
        count = conform(facts.get("bins", 1), Positive, f"column {encoder.name!r}, bins")
        encoder.edges = np.broadcast_to(np.zeros(()), (count - 1,))
        return encoder

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the edges of the bins."""
        return {"edges": self.edges} if self.code_levels else {}

    def set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Set the edges of the bins."""
        if not self.code_levels:
            super().set_arrays(arrays)
            return
        self.edges = read_numbers(arrays, "edges", self.edges.shape, self.name)
        if not (self.edges[1:] > self.edges[:-1]).all():
            raise EllayerError(f"column {self.name!r}, edges: expected ascending numbers, received others")

    def _part_plan(self, part: str, center: float, scale: float) -> PartPlan:
        period, _, wave = part.partition(" ")
        return {"wave": wave.strip("()"), "period": PERIODS.get(period), "whole": period == "week",
                "center": center, "scale": scale, "spread": SPREAD, "plain": self.plain}  # fmt: skip

    def _learn_parts(self, values: np.ndarray, parts: list[str]) -> Self:
        """Learn the scale of each part, and whether values can be missing."""
        self.parts, self.indicator = parts, bool(np.isnan(values).any())
        self.plain = has_two_values(values)
        self._learn_scales(self.part(values, part) for part in parts)
        return self
