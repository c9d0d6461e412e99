"""The kinds of columns, one class each: how it is recognised, learned, encoded, named and exported.

A new kind is a subclass of ``ColumnEncoder`` and its row in ``ENCODERS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import EllayerError
from .category_encoder import CategoryEncoder, category_encoder
from .column_encoder import QUIET, Blocks, ColumnEncoder, EncoderSettings, UnusedEncoder, WarnAbout
from .column_profile import ColumnProfile
from .columns import BOOLEANS, Column, as_truths
from .export_plan import ColumnPlan, any_case, level_map
from .number_encoders import DATE_PARTS, DateEncoder, NumericEncoder
from .text_encoders import IdentifierEncoder, TextEncoder


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


class IgnoredEncoder(UnusedEncoder):
    """A column that the user excludes, or the selection of columns."""

    kind = "ignore"

    def fit_message(self) -> str:
        """Return nothing: the preparation names all columns that the selection excludes in one message."""
        return ""

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
