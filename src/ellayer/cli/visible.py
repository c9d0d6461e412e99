"""Text from files on the terminal: control characters are shown, not obeyed."""

from __future__ import annotations

import re

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Return a text with the codes of its control characters, and of those that change the direction of writing.

    Line breaks and tabs stay.

    >>> visible("cat\\x1b[2J")
    'cat\\\\x1b[2J'
    """
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
