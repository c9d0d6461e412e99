"""Lines of a text that are not rows of its table: titles above it, units below its header, footers at its end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from .cells import is_missing_text
from .chunk import Chunk
from .dialect import are_numbers, is_number, sniff_header

_MOST_TITLES = 10
_FEWEST_ROWS = 2  # below a line of units
_LETTER = re.compile(r"[^\W\d_]")
_BRACKETS = re.compile(r"[\[(].*[\])]")
_FOOTER = re.compile(r"\s|:")  # several words, or a name and its value


def count_titles(chunk: Chunk, rows: Sequence[Sequence[str]]) -> int:
    """Return how many of the first rows are titles: texts of one cell above a header or longer rows.

    Parameters
    ----------
    chunk : Chunk
    rows : sequence of sequences of str
        Its first rows that are not blank.
    """
    usual, nonblank = chunk.records.usual, chunk.nonblank
    count, is_padded = 0, False
    for i, row in enumerate(rows[:_MOST_TITLES]):
        cells = [cell for cell in row if cell]
        if len(cells) != 1 or not row[0] or not _LETTER.search(row[0]) or usual < 2:
            break
        has_padding = len(row) == usual > 2
        has_blank = i + 1 < len(nonblank) and nonblank[i + 1] > nonblank[i] + 1
        if not has_padding and (len(row) > 1 or (usual == 2 and not has_blank)):
            break
        count, is_padded = i + 1, is_padded or has_padding
    rest = rows[count:]
    if not rest or len(rest[0]) != usual or (is_padded and not (all(rest[0]) and sniff_header(rest))):
        return 0
    return count


def is_units_line(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row below the header holds the units of the columns of numbers.

    Examples
    --------
    >>> is_units_line([["kg", "m"], ["1", "2"], ["3", "4"]]), is_units_line([["n/k", "2"], ["1", "2"], ["3", "4"]])
    (True, False)
    """
    if len(rows) <= _FEWEST_ROWS:
        return False
    first, rest = rows[0], rows[1:]
    texts = []
    for j, unit in enumerate(first):
        if unit and are_numbers(rest, j):
            if is_number(unit) or is_missing_text(unit):
                return False
            texts.append(unit)
    return len(texts) > 1 or (len(texts) == 1 and _BRACKETS.fullmatch(texts[0]) is not None)


def without_footer(chunk: Chunk, width: int) -> Chunk:
    """Return the chunk without the lines of one cell at its end that are texts and not rows cut short."""
    nonblank = chunk.nonblank
    end, least = len(nonblank), int(chunk.line == 1)
    while width > 1 and end > least and chunk.records.fields[nonblank[end - 1]] == 1:
        i = int(nonblank[end - 1])
        text = chunk.data[chunk.records.starts[i] : chunk.records.ends[i]].decode("utf-8").strip().strip('"')
        is_apart = i > (nonblank[end - 2] + 1 if end > 1 else 0)
        if not _LETTER.search(text) or not (is_apart or _FOOTER.search(text)):
            break
        end -= 1
    return chunk if end == len(nonblank) else replace(chunk, end=int(nonblank[end]))
