"""Values of the messages of a page, checked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from .errors import StateError


def parse_message(text: str) -> Mapping[str, object]:
    """Return a message of a page; one that is no object is empty.

    Raises
    ------
    StateError
    """
    try:
        message = json.loads(text)
        if "\\u" in text:  # half a character could not be sent back
            json.dumps(message, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise StateError("", "expected a message in JSON, received another text") from None
    return message if isinstance(message, dict) else {}


def whole_of(message: Mapping[str, object], name: str, default: int | None = None) -> int:
    """Return a whole number of at least 0.

    Raises
    ------
    StateError
    """
    value = message.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise StateError("", f"{name}: expected a whole number of at least 0, received {str(value)[:40]!r}")
    return value


def number_of(message: Mapping[str, object], name: str) -> float:
    """Return a finite number.

    Raises
    ------
    StateError
    """
    value = message.get(name)
    number = math.nan
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= 1e12:
        number = float(value)
    if math.isnan(number):
        raise StateError("", f"{name}: expected a number from -1e12 to 1e12, received {str(value)[:40]!r}")
    return number


def text_of(message: Mapping[str, object], name: str, default: str | None = None) -> str:
    """Return a text.

    Raises
    ------
    StateError
    """
    value = message.get(name, default)
    if not isinstance(value, str):
        raise StateError("", f"{name}: expected a text, received {str(value)[:40]!r}")
    return value
