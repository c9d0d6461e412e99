"""Base of the encoders: one object per column, fitted on the training rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from typing import Any, ClassVar, Generic, Literal, NamedTuple, Self, TypeVar, get_type_hints

import numpy as np

from .._forms import conform
from .._warn import NewValuesWarning, warn_user
from .._wording import pluralize, quoted_list
from ..errors import EllayerError
from .column_profile import ColumnProfile
from .columns import Column, as_texts
from .export_plan import ColumnPlan, LevelMap, PartPlan, level_map, missing_texts
from .scaling import center_and_scale
from .target_statistics import RowTargets

T = TypeVar("T")
_type_hints = lru_cache(get_type_hints)  # a picture has as many columns as pixels


class Blocks(NamedTuple, Generic[T]):
    """Columns of the matrix (their values, or their names) by the block that they belong to, in this order.

    Attributes
    ----------
    numbers : sequence
        Numbers before scaling that a network may embed; missing values are nan.
    plain : sequence
        Numbers before scaling that need no embedding: with two values, or factors of a text.
    flags : sequence
        -1, 0 or 1.
    codes : sequence
        Categories for an embedding: 0, 1, ... and -1.
    """

    numbers: Sequence[T] = ()
    plain: Sequence[T] = ()
    flags: Sequence[T] = ()
    codes: Sequence[T] = ()


@dataclass(frozen=True)
class WarnAbout:
    """The values of new rows that ``encode`` warns about."""

    types: bool = False  # of another type than in training, or infinite
    levels: bool = False  # not seen in training


QUIET = WarnAbout()


@dataclass(frozen=True)
class EncoderSettings:
    """The parameters of ``TablePreparation`` that encoders learn by, and the targets of the training rows if known."""

    max_levels: int
    max_one_hot: int | None
    targets: RowTargets | None = None


@dataclass
class ColumnEncoder(ABC):
    """One column of a table: from its values to columns of the matrix.

    A kind of column is a subclass and its row in ``encoders.ENCODERS``. The fields are the fitted values; all except
    arrays are its plain facts.

    Attributes
    ----------
    name, note : str
        The name of the column, and a note about it.
    center, scale : ndarray, shape (numbers,)
        Median and interquartile range of the numbers of ``encode``, which are all embedded or all plain.
    kind : str
    reads : "number", "days", "text" or ""
        The input type of the column in an exported model; "" for an unused column.
    """

    kind: ClassVar[str]
    reads: ClassVar[Literal["number", "days", "text", ""]] = "text"
    name: str
    note: str = ""
    center: np.ndarray = field(default_factory=lambda: np.zeros(0), kw_only=True)
    scale: np.ndarray = field(default_factory=lambda: np.ones(0), kw_only=True)

    @property
    def code_levels(self) -> int:
        """The number of levels of its column of codes; 0 if it has none."""
        return 0

    @property
    def code_names(self) -> list[str]:
        """The names of these levels."""
        return []

    @classmethod
    @abstractmethod
    def infer(cls, profile: ColumnProfile) -> str | None:
        """Return None if the column is not of this kind, else a note about it or ""."""

    @classmethod
    def learn(cls, column: Column, note: str, settings: EncoderSettings) -> ColumnEncoder:
        """Return the encoder fitted on the training rows; by default one that learns nothing."""
        return cls(column.name, note)

    @abstractmethod
    def encode(self, column: Column, warn: WarnAbout = QUIET) -> Blocks[np.ndarray]:
        """Return the columns of the matrix, each of shape (m,)."""

    def encode_fitted(self, column: Column, targets: RowTargets, warn: WarnAbout) -> Blocks[np.ndarray]:
        """Return the columns of the matrix for the rows of the fit, which must not depend on their own targets."""
        return self.encode(column, warn)

    @abstractmethod
    def names(self) -> Blocks[str]:
        """Return the names of the columns of the matrix."""

    @abstractmethod
    def export_plan(self, place: int) -> ColumnPlan | None:
        """Return ``encode`` as plain data for the column at a position of the table; None if it is not used."""

    def export_values(self, column: Column) -> np.ndarray:
        """Return the values in the form of the plan, shape (m,)."""
        texts = as_texts(column.values).tolist()
        return np.array([*(text or "" for text in texts), None], dtype=object)[:-1]

    def fit_message(self) -> str:
        """Return the warning that a fit gives about the column; "" for none."""
        return f"column {self.name!r} ({self.kind}): {self.note}" if self.note else ""

    def unless_alone(self, column: Column) -> ColumnEncoder:
        """Return the encoder to use if no column of the table would be used."""
        return self

    # Facts

    def to_facts(self) -> dict[str, Any]:
        """Return kind and fields as plain data; including those that every column has in a model file."""
        own = {name: value for name, value in asdict(self).items() if not isinstance(value, np.ndarray)}
        common = {"levels": [], "other": False, "indicator": False, "parts": [], "date_format": ""}
        return {"name": self.name, "kind": self.kind, "note": self.note, **common, **own}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """Return the encoder of ``to_facts``, without its arrays; the facts have the form of their fields."""
        hints = _type_hints(cls)
        names = [f.name for f in fields(cls) if f.name in facts]
        return cls(**{name: conform(facts[name], hints[name], f"column, {name}") for name in names})

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the fitted arrays other than ``center`` and ``scale``."""
        return {}

    def set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Set the arrays of ``arrays`` after checking them."""
        if arrays:
            raise EllayerError(
                f"column {self.name!r}: expected no arrays, received {quoted_list(sorted(arrays))}"
            )

    # For subclasses

    def _learn_scales(self, values: Iterable[np.ndarray]) -> None:
        """Set the center and the scale of each number."""
        scales = [center_and_scale(x) for x in values]
        self.center, self.scale = (np.array([pair[i] for pair in scales], np.float64) for i in (0, 1))

    def _plan(
        self, place: int, parts: Sequence[PartPlan], missing: bool, maps: Sequence[LevelMap]
    ) -> ColumnPlan | None:
        if not (parts or missing or maps) or self.reads == "":
            return None
        return {"name": self.name, "place": place, "kind": self.kind, "reads": self.reads, "parts": list(parts),
                "missing": missing, "edges": [], "maps": list(maps)}  # fmt: skip

    def _check_types(self, column: Column, wrong: np.ndarray, expected: str) -> None:
        """Warn about values of another type; raise if all values are."""
        if not wrong.any():
            return
        strange = quoted_list(sorted({str(v) for v in column.values[wrong].tolist()}))
        present = sum(text is not None for text in as_texts(column.values).tolist())
        if wrong.sum() == present > 1:  # a single row proves nothing: programs probe with one of zeros
            raise EllayerError(
                f"column {self.name!r}: expected {expected} as in training, received {strange}; are the columns in their "
                "places?"
            )
        count = pluralize(int(wrong.sum()), "other value")
        warn_user(
            f"column {self.name!r}: expected {expected}; {count} treated as missing: {strange}",
            NewValuesWarning,
        )


@dataclass
class PresenceEncoder(ColumnEncoder):
    """A column of which only missingness is used, if it varies in the training rows.

    Attributes
    ----------
    indicator : bool
    """

    indicator: bool = False

    label: ClassVar[str]

    @classmethod
    def learn(cls, column: Column, note: str, settings: EncoderSettings) -> Self:
        """Learn whether values can be missing."""
        present = np.array([text is not None for text in as_texts(column.values).tolist()])
        return cls(column.name, note, bool(present.any() and not present.all()))

    def encode(self, column: Column, warn: WarnAbout = QUIET) -> Blocks[np.ndarray]:
        """Return 1 where the value is missing."""
        if not self.indicator:
            return Blocks()
        return Blocks(flags=[np.array([text is None for text in as_texts(column.values).tolist()], np.int8)])

    def names(self) -> Blocks[str]:
        """Return "name: missing"."""
        return Blocks(flags=[f"{self.name}: missing"] if self.indicator else [])

    def export_plan(self, place: int) -> ColumnPlan | None:
        """Return 1 for every text that means a missing value."""
        maps = [level_map(dict.fromkeys(missing_texts(), 1.0), 0.0)] if self.indicator else []
        return self._plan(place, [], False, maps)

    def fit_message(self) -> str:
        """Return a message with the kind of the column, and how to use its values."""
        rest = "only whether it is missing is used" if self.indicator else "it is ignored"
        return (
            f"column {self.name!r} is treated as {self.label}{': ' + self.note if self.note else ''}; {rest} (to use its "
            f"values: column_kinds={{{self.name!r}: 'categorical'}})"
        )


@dataclass
class UnusedEncoder(ColumnEncoder):
    """A column that is not used."""

    reads: ClassVar[Literal["number", "days", "text", ""]] = ""

    def encode(self, column: Column, warn: WarnAbout = QUIET) -> Blocks[np.ndarray]:
        """Return nothing."""
        return Blocks()

    def names(self) -> Blocks[str]:
        """Return nothing."""
        return Blocks()

    def export_plan(self, place: int) -> ColumnPlan | None:
        """Return None."""
        return None


def output_columns(encoders: Sequence[ColumnEncoder]) -> list[int]:
    """Return for each column of the matrix the position of its encoder, which is that of its column.

    Parameters
    ----------
    encoders : sequence of ColumnEncoder
    """
    blocks = [encoder.names() for encoder in encoders]
    return [place for k in range(len(Blocks._fields)) for place, block in enumerate(blocks) for _ in block[k]]


def read_numbers(
    arrays: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...], column: str
) -> np.ndarray:
    """Return an array of a column from a file, as float64; it must have the shape and finite numbers."""
    array = arrays.get(name)
    if array is None or array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
        raise EllayerError(
            f"column {column!r}, {name}: expected finite numbers of shape {shape}, received "
            f"{'none' if array is None else f'{array.dtype} of shape {array.shape}'}"
        )
    return array.astype(np.float64)
