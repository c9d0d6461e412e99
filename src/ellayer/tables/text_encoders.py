"""Texts that hardly repeat: identifiers and sentences. Their n-grams are used if they help a linear model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, TypedDict

import numpy as np

from .._forms import Positive, conform
from ..errors import EllayerError
from .column_encoder import (
    QUIET,
    Blocks,
    ColumnEncoder,
    EncoderSettings,
    PresenceEncoder,
    WarnAbout,
    read_numbers,
)
from .column_profile import ColumnProfile
from .columns import Column, as_texts
from .export_plan import ColumnPlan
from .ngrams import NgramFactors, learn_factors
from .number_encoders import NumericEncoder

WORDS = 3.0  # words per value from which mostly distinct texts are sentences, not names
FACTORS = 64  # maximum number of columns of a text


class FactorFacts(TypedDict):
    """``NgramFactors`` in a file, without its arrays."""

    vocabulary: list[str]
    count: Positive


@dataclass
class SpelledEncoder(PresenceEncoder):
    """Encoder of texts that hardly repeat: whether they are missing, and factors of their n-grams if these help.

    Attributes
    ----------
    factors : NgramFactors or None
    """

    factors: NgramFactors | None = None

    @classmethod
    def learn(cls, column: Column, note: str, settings: EncoderSettings) -> Self:
        """Learn whether values can be missing, and the factors, if there are targets to test whether these help."""
        encoder = super().learn(column, note, settings)
        if settings.targets is None or column.values.dtype.kind != "O":
            return encoder
        encoder.factors = learn_factors(column.values.tolist(), FACTORS)
        if encoder.factors is not None:
            encoder._learn_scales(encoder.factors.transform(column.values.tolist()).T)
        return encoder

    def without_factors(self) -> Self:
        """Return the encoder of only whether values are missing."""
        return replace(self, factors=None, center=np.array([]), scale=np.array([]))

    def encode(self, column: Column, warn: WarnAbout = QUIET) -> Blocks[np.ndarray]:
        """Return the factors, and 1 where the value is missing."""
        blocks = super().encode(column, warn)
        if self.factors is None:
            return blocks
        return blocks._replace(plain=list(self.factors.transform(as_texts(column.values).tolist()).T))

    def names(self) -> Blocks[str]:
        """Return "name: text 1", ... and "name: missing"."""
        count = 0 if self.factors is None else len(self.factors.components)
        return super().names()._replace(plain=[f"{self.name}: text {k}" for k in range(1, count + 1)])

    def export_plan(self, place: int) -> ColumnPlan | None:
        """Return the plan of whether values are missing; raise if n-grams are used."""
        if self.factors is not None:
            raise EllayerError(
                f"column {self.name!r}: expected no text column, because ONNX has no character n-grams; "
                f"received text that the model encodes by n-grams; train with column_kinds={{{self.name!r}: 'identifier'}} (ellayer train "
                f"--kind), or predict with Ellayer"
            )
        return super().export_plan(place)

    def fit_message(self) -> str:
        """Return a message with the kind of the column, unless its text is used."""
        return "" if self.factors is not None else super().fit_message()

    def to_facts(self) -> dict[str, Any]:
        """Return the facts with the vocabulary."""
        facts = super().to_facts()
        del facts["factors"]
        if self.factors is None:
            return facts
        own = {"vocabulary": list(self.factors.vocabulary), "count": len(self.factors.components)}
        return {**facts, "factors": own}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """Return the encoder without its arrays."""
        encoder = super().from_facts({k: v for k, v in facts.items() if k != "factors"})
        if "factors" in facts:
            stored = conform(facts["factors"], FactorFacts, "column, factors")
            if stored["count"] > len(stored["vocabulary"]):
                raise EllayerError(f"column {encoder.name!r}: expected at least as many n-grams as factors")
            grams = len(stored["vocabulary"])
            empty = np.broadcast_to(np.zeros(()), (stored["count"], grams))
            encoder.factors = NgramFactors(stored["vocabulary"], empty[0], empty)
        return encoder

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the weights of the n-grams and the directions."""
        return (
            {} if self.factors is None else {"idf": self.factors.idf, "components": self.factors.components}
        )

    def set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Set the weights of the n-grams and the directions."""
        if self.factors is None:
            super().set_arrays(arrays)
            return
        idf, components = (
            read_numbers(arrays, name, getattr(self.factors, name).shape, self.name)
            for name in ("idf", "components")
        )
        if not (idf > 0).all():
            raise EllayerError(f"column {self.name!r}, idf: expected weights above 0, received {idf.min():g}")
        self.factors = NgramFactors(self.factors.vocabulary, idf, components)


class IdentifierEncoder(SpelledEncoder):
    """Identifiers of the rows: nearly all values are distinct."""

    kind: ClassVar[str] = "identifier"
    label: ClassVar[str] = "an identifier"

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


class TextEncoder(SpelledEncoder):
    """Sentences."""

    kind: ClassVar[str] = "text"
    label: ClassVar[str] = "free text"

    @classmethod
    def infer(cls, profile: ColumnProfile) -> str | None:
        """Recognise mostly distinct texts of several words."""
        return profile.distinct_note if profile.hardly_repeats and profile.words_per_value >= WORDS else None
