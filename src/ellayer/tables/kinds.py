"""The kind of a column: given by the user, or inferred from its type, name and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .._wording import quoted_list
from ..errors import EllayerError, suggest
from .column_encoder import ColumnEncoder, EncoderSettings
from .column_profile import ColumnProfile
from .columns import Column
from .encoders import ENCODERS


@dataclass(frozen=True)
class ColumnKind:
    """The kind of a column, and a note about it or ""."""

    kind: str
    note: str = ""


def infer_kind(column: Column) -> ColumnKind:
    """Return the kind of a column by its type, name and values.

    Parameters
    ----------
    column : Column

    Returns
    -------
    ColumnKind

    Examples
    --------
    >>> from ellayer.tables.columns import read_table
    >>> infer_kind(read_table([["Oslo"], ["Rome"], [None]])[0])
    ColumnKind(kind='categorical', note='')
    """
    profile = ColumnProfile(column)
    kinds = ("constant", column.declared) if column.declared else tuple(ENCODERS)
    notes = ((kind, ENCODERS[kind].infer(profile)) for kind in kinds)
    return next(ColumnKind(kind, note) for kind, note in notes if note is not None)


def check_column_kinds(column_kinds: Mapping[str, str] | None, names: list[str]) -> dict[str, str]:
    """Check and return the kinds given by the user, by name.

    Raises
    ------
    EllayerError
        For an unknown column or kind.
    """
    kinds = {str(name): kind for name, kind in dict(column_kinds or {}).items()}
    for name, kind in kinds.items():
        if name not in names:
            hint = suggest(name, names, f"the columns are {quoted_list(names, 10)}")
            raise EllayerError(f"column_kinds: expected names of columns, received {name!r}; {hint}")
        if not isinstance(kind, str) or kind not in ENCODERS:
            raise EllayerError(
                f"column_kinds[{name!r}]: expected one of {', '.join(sorted(ENCODERS))}; received {kind!r}"
            )
    return kinds


def learn_encoder(column: Column, kind: str | None, settings: EncoderSettings) -> ColumnEncoder:
    """Return the encoder of a column, fitted on it; ``kind`` is that given by the user, if any."""
    inferred = infer_kind(column)
    if kind is not None and kind != inferred.kind:
        inferred = ColumnKind(kind)
    if kind == "identifier":  # its values say nothing, whatever the targets are
        settings = replace(settings, targets=None)
    return ENCODERS[inferred.kind].learn(column, inferred.note, settings)
