"""The kinds of columns, one class each: how it is recognised, learned, encoded, named and exported.

A new kind is a subclass of ``ColumnEncoder`` and its row in ``ENCODERS``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

import numpy as np

from .._warn import NewValuesWarning, warn_user
from ..data.wording import pluralize, quoted_list
from ..errors import EllayerError
from .column_encoder import (
    PERIODS,
    QUIET,
    Blocks,
    ColumnEncoder,
    EncoderSettings,
    PresenceEncoder,
    ScaledEncoder,
    UnusedEncoder,
    WarnAbout,
)
from .column_profile import ColumnProfile, date_format, order_note
from .columns import (
    BOOLEANS,
    Column,
    as_days,
    as_numbers,
    as_texts,
    as_truths,
)
from .export_plan import ColumnPlan, any_case, level_map, missing_texts

RARE = 10_000  # with too many levels, a level needs one in this number of rows
WORDS = 3.0  # words per value from which mostly distinct texts are sentences, not names
DATE_PARTS = ["days", *(f"{period} ({wave})" for period in PERIODS for wave in ("sin", "cos"))]


class ConstantEncoder(UnusedEncoder):
    """A column without two distinct values."""

    kind = "constant"

    @classmethod
    def infer(cls, profile: ColumnProfile) -> str | None:
        """Recognise one value, or none; numbers and categories must not be missing either."""
        numbers = profile.numbers if not profile.slips else None
        present = profile.present if numbers is None else numbers[~np.isnan(numbers)]
        if not len(present):
            return "all values are missing"
        may_miss = profile.is_truth or profile.values.dtype.kind == "M"
        if (present != present[0]).any() or (len(present) < len(profile.values) and not may_miss):
            return None
        value = f"{present[0]:g}" if numbers is not None else repr(str(present[0]))
        return f"constant value {value}"

    def fit_message(self) -> str:
        """Return a message that the column is ignored."""
        return f"column {self.name!r} is ignored{': ' + self.note if self.note else ''}"


class BooleanEncoder(ColumnEncoder):
    """True or false: 1 and -1, 0 where missing."""

    kind = "boolean"

    @classmethod
    def infer(cls, profile: ColumnProfile) -> str | None:
        """Recognise Booleans, and the words "true" and "false"."""
        return "" if profile.is_truth else None

    def encode(self, column: Column, warn: WarnAbout = QUIET) -> Blocks[np.ndarray]:
        """Return one column of -1, 0 and 1."""
        truths, wrong = as_truths(column.values)
        if warn.types:
            self._check_types(column, wrong, "true or false")
        return Blocks(flags=[np.nan_to_num(2.0 * truths - 1.0, nan=0.0).astype(np.int8)])

    def names(self) -> Blocks[str]:
        """Return the column's name."""
        return Blocks(flags=[self.name])

    def export_plan(self, place: int) -> ColumnPlan | None:
        """Return the words for true and false."""
        truths = {text: 2.0 * truth - 1.0 for word, truth in BOOLEANS.items() for text in any_case([word])}
        return self._plan(place, [], False, [level_map(truths, 0.0)])

    def to_facts(self) -> dict[str, Any]:
        """Return the facts with the two levels."""
        return {**super().to_facts(), "levels": ["False", "True"]}


class NumericEncoder(ScaledEncoder):
    """Scaled numbers; missing ones become the median."""

    kind = "numeric"
    reads: ClassVar[Literal["number", "days", "text", ""]] = "number"

    @classmethod
    def infer(cls, profile: ColumnProfile) -> str | None:
        """Recognise numbers, and texts that are numbers with a few exceptions."""
        if profile.numbers is None or profile.is_row_number:
            return None
        slips = quoted_list(profile.slips)
        return f"some values are not numbers, treated as missing: {slips}" if slips else ""

    @classmethod
    def learn(cls, column: Column, note: str, settings: EncoderSettings) -> Self:
        """Learn the scale."""
        return cls(column.name, note)._learn_parts(as_numbers(column.values)[0], ["value"])

    def read(self, column: Column) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers; no warning for wrong values that the training rows also had."""
        numbers, wrong = as_numbers(column.values)
        return numbers, wrong & (not self.note.startswith("some values are no"))

    def encode(self, column: Column, warn: WarnAbout = QUIET) -> Blocks[np.ndarray]:
        """Return the numbers; warn about infinite ones."""
        blocks = super().encode(column, warn)
        if warn.types and (infinite := int(np.isinf(blocks.numbers[0]).sum())):
            warn_user(
                f"column {self.name!r}: {pluralize(infinite, 'infinite value')}, treated as very large",
                NewValuesWarning,
            )
        return blocks


@dataclass
class DateEncoder(ScaledEncoder):
    """Dates: days since 1970, and sines and cosines of year, week and day if they vary in the training rows.

    Attributes
    ----------
    date_format : str
        Of texts: "iso" or a format of ``strptime``.
    """

    kind = "date"
    reads: ClassVar[Literal["number", "days", "text", ""]] = "days"
    expected = "dates"
    date_format: str = "iso"

    @classmethod
    def infer(cls, profile: ColumnProfile) -> str | None:
        """Recognise dates, and texts of which nearly all are dates of one format."""
        if profile.values.dtype.kind == "M":
            return ""
        is_text = profile.numbers is None and len(profile.levels) > 1
        style = date_format(profile.levels) if is_text else ""
        return order_note(profile.levels, style) if style else None

    @classmethod
    def learn(cls, column: Column, note: str, settings: EncoderSettings) -> Self:
        """Learn the format, and the scale of each part that varies."""
        encoder = cls(column.name, note, date_format=date_format(ColumnProfile(column).levels) or "iso")
        days, wrong = encoder.read(column)
        if wrong.any():
            strange = quoted_list(sorted(set(column.values[wrong].tolist())), 3)
            if np.isnan(days).all():
                raise EllayerError(
                    f"column {column.name!r}: expected dates, as column_kinds says, received {strange}; convert them to "
                    "dates first, or leave the kind out"
                )
            encoder.note = "; ".join(
                filter(None, [note, f"some values are not dates, treated as missing: {strange}"])
            )
        known = days[~np.isnan(days)]
        vary = [part for part in DATE_PARTS if len(known) and np.ptp(encoder.part(known, part)) > 1e-9]
        return encoder._learn_parts(days, vary)

    def read(self, column: Column) -> tuple[np.ndarray, np.ndarray]:
        """Return days since 1970."""
        return as_days(column.values, self.date_format)

    def part(self, values: np.ndarray, part: str) -> np.ndarray:
        """Return the days, or a sine or cosine of them; that of a week is by whole days."""
        if part == "days":
            return values
        period, wave = part.split()
        days = np.floor(values) if period == "week" else values
        angle = 2.0 * np.pi * np.mod(days, PERIODS[period]) / PERIODS[period]
        waves: np.ndarray = np.sin(angle) if wave == "(sin)" else np.cos(angle)
        return waves


class IdentifierEncoder(PresenceEncoder):
    """Names or numbers of the rows: nearly all values are distinct."""

    kind, label = "identifier", "an identifier"

    @classmethod
    def infer(cls, profile: ColumnProfile) -> str | None:
        """Recognise unique integers by the column's name, and short, mostly distinct texts."""
        if profile.is_row_number:
            return "its name suggests an ID, and every value is unique"
        return profile.distinct_note if profile.hardly_repeats and profile.words_per_value < WORDS else None

    def unless_alone(self, column: Column) -> ColumnEncoder:
        """Return an encoder of numbers for numbers."""
        if column.values.dtype.kind != "f":
            return self
        return NumericEncoder(self.name)._learn_parts(column.values, ["value"])


class TextEncoder(PresenceEncoder):
    """Sentences."""

    kind, label = "text", "free text"

    @classmethod
    def infer(cls, profile: ColumnProfile) -> str | None:
        """Recognise mostly distinct texts of several words."""
        return profile.distinct_note if profile.hardly_repeats and profile.words_per_value >= WORDS else None


@dataclass
class CategoryEncoder(ColumnEncoder):
    """Categories: one column per level, all 0 for missing and unknown ones; one column of -1 and 1 for two levels.

    Attributes
    ----------
    levels : list of str
        The most frequent first.
    other : bool
        Whether rare and new levels share a column.
    """

    kind = "categorical"
    levels: list[str] = field(default_factory=list)
    other: bool = False

    @classmethod
    def infer(cls, profile: ColumnProfile) -> str | None:
        """Recognise any column."""
        return ""

    @classmethod
    def learn(cls, column: Column, note: str, settings: EncoderSettings) -> ColumnEncoder:
        """Learn the levels, only the frequent ones if there are too many; without frequent ones it is an identifier."""
        texts = as_texts(column.values).tolist()
        counts = Counter(text for text in texts if text is not None)
        levels = sorted(counts, key=lambda level: (-counts[level], level))
        other = len(levels) > settings.max_levels
        if other:
            enough = max(2.0, len(texts) / RARE)
            levels = [level for level in levels[: settings.max_levels] if counts[level] >= enough]
            if not levels:
                return IdentifierEncoder(column.name, f"{len(counts):,} categories, none of them frequent")
            note = f'{len(counts):,} categories: the {len(levels)} most frequent are kept, the rest grouped as "other"'
        return category_encoder(cls(column.name, note, levels, other), settings)

    @property
    def count(self) -> int:
        """The number of levels, including that of all others."""
        return len(self.levels) + self.other

    def codes(self, column: Column, warn: WarnAbout) -> np.ndarray:
        """Return the number of each level, shape (m,); -1 for missing and unknown ones."""
        texts = as_texts(column.values).tolist()
        known: dict[str | None, int] = {level: i for i, level in enumerate(self.levels)}
        if self.other:
            return np.array([-1 if t is None else known.get(t, len(self.levels)) for t in texts], np.int64)
        codes = np.array([known.get(t, -1) for t in texts], np.int64)
        if warn.levels and (new := sorted(set(texts) - set(known) - {None})):
            rows = sum(t is not None and t not in known for t in texts)
            folded = {level.casefold() for level in self.levels}
            alike = sum(text.casefold() in folded for text in new)
            case = f"; {alike} of them {'differs' if alike == 1 else 'differ'} in case only" if alike else ""
            warn_user(
                f"column {self.name!r}: {pluralize(rows, 'row has', 'rows have')} a category not seen in training "
                f"({quoted_list(new)}); treated as unknown{case}",
                NewValuesWarning,
            )
        return codes

    def encode(self, column: Column, warn: WarnAbout = QUIET) -> Blocks[np.ndarray]:
        """Return one column per level."""
        if not self.levels:
            return Blocks()
        codes = self.codes(column, warn)
        if self.count == 2:
            return Blocks(flags=[np.where(codes < 0, 0, 2 * codes - 1).astype(np.int8)])
        return Blocks(flags=list((codes == np.arange(self.count).reshape(-1, 1)).astype(np.int8)))

    def names(self) -> Blocks[str]:
        """Return "name: level"."""
        names = [f"{self.name}: {level}" for level in [*self.levels, *(["other"] if self.other else [])]]
        return Blocks(flags=names[-1:] if self.count == 2 else names)

    def export_plan(self, place: int) -> ColumnPlan | None:
        """Return the number of each level."""
        values, unknown = self._numbers()
        if self.count == 2:
            ends = {-1.0: 0.0, 0.0: -1.0, 1.0: 1.0}  # one column, 0 for neither
            maps = [level_map({text: ends[k] for text, k in values.items()}, ends[unknown])]
        else:
            maps = [level_map(values, unknown, one_hot=self.count)] if self.levels else []
        return self._plan(place, [], False, maps)

    def _numbers(self) -> tuple[dict[str, float], float]:
        """Return the number of each text, and of all others."""
        values = {level: float(k) for k, level in enumerate(self.levels)}
        missing = dict.fromkeys(missing_texts(), -1.0) if self.other else {}
        return missing | values, float(len(self.levels)) if self.other else -1.0


class CategoryCodeEncoder(CategoryEncoder):
    """Categories of many levels: one column of codes for an embedding, -1 for missing and unknown ones."""

    @property
    def code_levels(self) -> int:
        """The number of levels."""
        return self.count

    def encode(self, column: Column, warn: WarnAbout = QUIET) -> Blocks[np.ndarray]:
        """Return the codes."""
        return Blocks(codes=[self.codes(column, warn)])

    def names(self) -> Blocks[str]:
        """Return the column's name."""
        return Blocks(codes=[self.name])

    def export_plan(self, place: int) -> ColumnPlan | None:
        """Return the code of each level."""
        return self._plan(place, [], False, [level_map(*self._numbers(), last=True)])


class IgnoredEncoder(UnusedEncoder):
    """A column that the user excludes."""

    kind = "ignore"

    @classmethod
    def infer(cls, profile: ColumnProfile) -> str | None:
        """Recognise no column."""
        return None


# In order of priority: the first kind that recognises a column is its kind.
ENCODERS: dict[str, type[ColumnEncoder]] = {
    cls.kind: cls
    for cls in (ConstantEncoder, BooleanEncoder, NumericEncoder, DateEncoder, IdentifierEncoder, TextEncoder,
                CategoryEncoder, IgnoredEncoder)
}  # fmt: skip


def category_encoder(encoder: ColumnEncoder, settings: EncoderSettings) -> ColumnEncoder:
    """Return an encoder of categories by codes if there are too many levels for one-hot columns, else unchanged."""
    if not isinstance(encoder, CategoryEncoder) or settings.max_one_hot is None:
        return encoder
    wide = encoder.count > settings.max_one_hot
    return CategoryCodeEncoder(encoder.name, encoder.note, encoder.levels, encoder.other) if wide else encoder


def restore_encoder(facts: Mapping[str, Any], settings: EncoderSettings) -> ColumnEncoder:
    """Return the encoder of ``to_facts``, without its arrays."""
    kind = facts.get("kind")
    if not isinstance(kind, str) or kind not in ENCODERS or "name" not in facts:
        raise EllayerError(
            f"column: expected a name and a kind of {', '.join(ENCODERS)}; received {kind!r:.80}"
        )
    encoder = ENCODERS[kind].from_facts(facts)
    if isinstance(encoder, DateEncoder) and not set(encoder.parts) <= set(DATE_PARTS):
        raise EllayerError(f"column {encoder.name!r}, parts: expected some of {', '.join(DATE_PARTS)}")
    return category_encoder(encoder, settings)
