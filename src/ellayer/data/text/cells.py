"""The rules for one cell of text: which marks mean "missing", and which digits are a code and not a number."""

from __future__ import annotations

MISSING = frozenset(("", "?", "na", "n/a", "#n/a", "nan", "null", "none", "nat", "<na>"))  # in lower case
CODE = r"^[+-]?0[0-9]"  # 02139 is a code, not the number 2139
MOSTLY = 0.9  # the share of a column's values that decides what it is; the rest are slips


def is_missing_text(text: str) -> bool:
    """Return True for a mark of a missing value, blanks around it ignored.

    Examples
    --------
    >>> is_missing_text(" N/A "), is_missing_text("0")
    (True, False)
    """
    return text.strip().lower() in MISSING
