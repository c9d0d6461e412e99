"""Categories: columns or codes of the levels, and for many levels their mean targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Self, TypedDict

import numpy as np

from .._forms import Rule, conform
from .._warn import NewValuesWarning, warn_user
from .._wording import pluralize, quoted_list
from ..errors import EllayerError
from .column_encoder import QUIET, Blocks, ColumnEncoder, EncoderSettings, WarnAbout, read_numbers
from .column_profile import ColumnProfile
from .columns import Column, as_texts
from .export_plan import ColumnPlan, LevelMap, level_map, missing_texts
from .scaling import squash
from .target_statistics import BUCKETS, MOST_LEVELS, LevelStatistics, RowTargets, learn_statistics
from .text_encoders import IdentifierEncoder

MANY_LEVELS = 20  # above which the mean targets of the levels are used
RARE = 10_000  # with too many levels, one in this number of rows must have a level to keep it


class StatisticsFacts(TypedDict):
    """``LevelStatistics`` in a file, without its array."""

    levels: list[str]
    buckets: Annotated[int, Rule(f"of 0 or {BUCKETS}", lambda n: n in (0, BUCKETS))]
    names: list[str]


@dataclass
class CategoryEncoder(ColumnEncoder):
    """Categories: one column per level, all 0 for missing and unknown ones; one column of -1 and 1 for two levels.

    Attributes
    ----------
    levels : list of str
        The most frequent first.
    other : bool
        Whether rare and new levels share a column.
    statistics : LevelStatistics or None
        The mean targets of the levels, as additional numbers if there are many levels.
    """

    kind = "categorical"
    levels: list[str] = field(default_factory=list)
    other: bool = False
    statistics: LevelStatistics | None = None

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
        other, targets = len(levels) > settings.max_levels, settings.targets
        has_many = targets is not None and len(levels) > MANY_LEVELS
        statistics = learn_statistics(texts, targets) if targets is not None and has_many else None
        if other:
            fewest = max(2.0, len(texts) / RARE)
            levels = [level for level in levels[: settings.max_levels] if counts[level] >= fewest]
            if not levels and statistics is None:
                return IdentifierEncoder(column.name, f"{len(counts):,} categories, none of them frequent")
            note = f'{len(counts):,} categories: the {len(levels)} most frequent are kept, the rest grouped as "other"'
        encoder = cls(column.name, note, levels, other, statistics)
        if statistics is not None and targets is not None:
            encoder._learn_scales(statistics.means_in_fit(texts, targets).T)
        return category_encoder(encoder, settings)

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
        """Return one column per level, and the mean targets."""
        return self._levels(self.codes(column, warn))._replace(numbers=self._means(column))

    def encode_fitted(self, column: Column, targets: RowTargets, warn: WarnAbout) -> Blocks[np.ndarray]:
        """Return the columns with the mean targets of earlier rows."""
        blocks = self._levels(self.codes(column, warn))
        if self.statistics is None:
            return blocks
        means = self.statistics.means_in_fit(as_texts(column.values).tolist(), targets)
        return blocks._replace(numbers=list(means.T))

    def names(self) -> Blocks[str]:
        """Return "name: level", and "name: mean of target"."""
        names = [f"{self.name}: {level}" for level in [*self.levels, *(["other"] if self.other else [])]]
        return Blocks(self._mean_names(), flags=names[-1:] if self.count == 2 else names)

    def export_plan(self, place: int) -> ColumnPlan | None:
        """Return the number of each level, and the table of mean targets."""
        values, unknown = self._numbers()
        if self.count == 2:
            ends = {-1.0: 0.0, 0.0: -1.0, 1.0: 1.0}  # one column, 0 for neither
            maps = [level_map({text: ends[k] for text, k in values.items()}, ends[unknown])]
        else:
            maps = [level_map(values, unknown, one_hot=self.count)] if self.levels else []
        return self._plan(place, [], False, [*self._mean_maps(), *maps])

    def _levels(self, codes: np.ndarray) -> Blocks[np.ndarray]:
        """Return the columns of the codes."""
        if self.count == 2:
            return Blocks(flags=[np.where(codes < 0, 0, 2 * codes - 1).astype(np.int8)])
        return Blocks(flags=list((codes == np.arange(self.count).reshape(-1, 1)).astype(np.int8)))

    def _means(self, column: Column) -> list[np.ndarray]:
        if self.statistics is None:
            return []
        return list(self.statistics.means[self.statistics.codes(as_texts(column.values).tolist())].T)

    def _mean_names(self) -> list[str]:
        return (
            [f"{self.name}: mean of {target}" for target in self.statistics.names] if self.statistics else []
        )

    def _mean_maps(self) -> list[LevelMap]:
        """Return the mean targets of each level, scaled, as a table."""
        if self.statistics is None:
            return []
        if self.statistics.buckets:
            raise EllayerError(
                f"column {self.name!r}: expected at most {MOST_LEVELS:,} levels that repeat, which programs without Ellayer "
                "look up in a table; received more, which are hashed; group the levels, or omit the column"
            )
        other = float(len(self.statistics.levels))
        values = {level: float(k) for k, level in enumerate(self.statistics.levels)}
        missing = dict.fromkeys(missing_texts(), values.get("", other))
        table = squash((self.statistics.means - self.center) / self.scale)
        return [level_map(missing | values, other, table=table.tolist())]

    def to_facts(self) -> dict[str, Any]:
        """Return the facts with those of the statistics."""
        facts = super().to_facts()
        if self.statistics is None:
            del facts["statistics"]
        else:
            del facts["statistics"]["means"]
        return facts

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """Return the encoder without its arrays."""
        encoder = super().from_facts({k: v for k, v in facts.items() if k != "statistics"})
        if "statistics" in facts:
            stored = conform(facts["statistics"], StatisticsFacts, "column, statistics")
            own = (stored["levels"], stored["buckets"], stored["names"])
            encoder.statistics = LevelStatistics(*own, means=np.zeros((0, 0)))
        return encoder

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the mean targets."""
        return {} if self.statistics is None else {"means": self.statistics.means}

    def set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Set the mean targets."""
        if self.statistics is None:
            super().set_arrays(arrays)
            return
        means = read_numbers(arrays, "means", self.statistics.shape, self.name)
        self.statistics = replace(self.statistics, means=means)

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

    @property
    def code_names(self) -> list[str]:
        """The levels."""
        return [*self.levels, *["other levels"] * self.other]

    def names(self) -> Blocks[str]:
        """Return the column's name."""
        return Blocks(self._mean_names(), codes=[self.name])

    def export_plan(self, place: int) -> ColumnPlan | None:
        """Return the code of each level."""
        return self._plan(place, [], False, [*self._mean_maps(), level_map(*self._numbers(), last=True)])

    def _levels(self, codes: np.ndarray) -> Blocks[np.ndarray]:
        return Blocks(codes=[codes])


def category_encoder(encoder: ColumnEncoder, settings: EncoderSettings) -> ColumnEncoder:
    """Return an encoder of categories by codes if there are too many levels for one-hot columns, else unchanged."""
    if not isinstance(encoder, CategoryEncoder) or settings.max_one_hot is None:
        return encoder
    wide = encoder.count > settings.max_one_hot
    return CategoryCodeEncoder(**vars(encoder)) if wide else encoder
