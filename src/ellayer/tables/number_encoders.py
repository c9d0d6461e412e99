"""Numbers and dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np

from .._warn import NewValuesWarning, warn_user
from .._wording import pluralize, quoted_list
from ..errors import EllayerError
from .column_encoder import QUIET, Blocks, EncoderSettings, WarnAbout
from .column_profile import ColumnProfile, date_format, order_note
from .columns import Column, as_days, as_numbers
from .scaled_encoder import PERIODS, ScaledEncoder

DATE_PARTS = ["days", *(f"{period} ({wave})" for period in PERIODS for wave in ("sin", "cos"))]


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
        if warn.types and (infinite := int(np.isinf([*blocks.numbers, *blocks.plain]).sum())):
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
