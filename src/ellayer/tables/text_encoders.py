"""Texts that hardly repeat: identifiers and sentences."""

from __future__ import annotations

from .column_encoder import ColumnEncoder, PresenceEncoder
from .column_profile import ColumnProfile
from .columns import Column
from .number_encoders import NumericEncoder

WORDS = 3.0  # words per value from which mostly distinct texts are sentences, not names


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
