"""Registries: tables of named rows (activations, losses, initializers, optimizers, schedules, metrics).

A row is looked up by its name, with its numbers, if any, in parentheses:
``"relu"``, ``"leaky_relu(0.1)"``, ``"huber(delta=2)"``. Such a text is hashable, fits into JSON
and never needs ``eval``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from ..errors import EllayerError, suggest
from .other_words import advice, our_word

Row = TypeVar("Row")

_SPEC = re.compile(r"^\s*([A-Za-z_][\w./*]*)\s*(?:\((.*)\))?\s*$")


class Registry(Mapping[str, Row], Generic[Row]):
    """A table of named rows, each created by a function of its numbers.

    Examples
    --------
    >>> from ellayer.core.activations import ACTIVATIONS
    >>> ACTIVATIONS["leaky_relu(0.1)"].name
    'leaky_relu(slope=0.1)'
    >>> "relu" in ACTIVATIONS
    True
    """

    def __init__(self, kind: str, aliases: Mapping[str, str] | None = None):
        self.kind = kind
        self.aliases: dict[str, str] = dict(aliases or {})
        self._makers: dict[str, tuple[Callable[..., Row], dict[str, float]]] = {}
        self._rows: dict[str, Row] = {}

    def add(self, name: str, make: Callable[..., Row], **numbers: float) -> None:
        """Add a row: ``make(name=..., **numbers)`` builds it, ``numbers`` are the defaults."""
        if name in self._makers:
            raise EllayerError(f"the {self.kind} {name!r} exists already; choose another name")
        self._makers[name] = (make, numbers)

    def remove(self, name: str) -> None:
        """Remove a (custom) row."""
        self._rows = {spec: row for spec, row in self._rows.items() if self._parse(spec)[0] != name}
        del self._makers[name]

    def numbers(self, name: str) -> dict[str, float]:
        """Return the numbers a row takes, with their defaults."""
        return dict(self._makers[self.aliases.get(name, name)][1])

    def canonical(self, spec: str) -> str:
        """Return the canonical spelling of a spec: aliases resolved, default numbers omitted."""
        name, values = self._parse(spec)
        defaults = self._makers[name][1]
        changed = [f"{key}={_shortest(value)}" for key, value in values.items() if value != defaults[key]]
        return f"{name}({', '.join(changed)})" if changed else name

    def __getitem__(self, spec: str) -> Row:
        if spec not in self._rows:
            name, values = self._parse(spec)
            spelling = self.canonical(spec)
            if spelling not in self._rows:  # one object per row, however it is spelled
                self._rows[spelling] = self._makers[name][0](name=spelling, **values)
            self._rows[spec] = self._rows[spelling]
        return self._rows[spec]

    def __contains__(self, spec: object) -> bool:
        try:
            self._parse(spec)
        except EllayerError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def _parse(self, spec: object) -> tuple[str, dict[str, float]]:
        match = _SPEC.match(self.aliases.get(spec, spec)) if isinstance(spec, str) else None
        name = self._name(match.group(1)) if match else ""
        if match is None or name not in self._makers:
            raise EllayerError(self._unknown(spec))
        values = dict(self._makers[name][1])
        order, named = list(values), set()
        for i, part in enumerate(p for p in (match.group(2) or "").split(",") if p.strip()):
            key, equals, text = part.rpartition("=")
            key = key.strip() if equals else (order[i] if i < len(order) else f"number {i + 1}")
            if key not in values:
                takes = ", ".join(f"{k}={v:g}" for k, v in self._makers[name][1].items()) or "no numbers"
                raise EllayerError(
                    f"the {self.kind} {name!r} takes {takes}; received {part.strip()!r} in {spec!r}"
                )
            if key in named:
                raise EllayerError(f"expected {key} once in the {self.kind} {spec!r}, received it twice")
            named.add(key)
            values[key] = self._number(text, spec)
        return name, values

    def _name(self, word: str) -> str:
        """Return the name of a row, given its name, an alias or the name of another library."""
        if word not in self._makers and word not in self.aliases:
            word = our_word(self.kind, word, [*self._makers, *self.aliases]) or word
        return self.aliases.get(word, word)

    def _number(self, text: str, spec: object) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise EllayerError(
                f"expected a finite number in the {self.kind} {spec!r}, received {text.strip()!r}; "
                f"write it like leaky_relu(0.1)"
            )
        return value

    def _unknown(self, spec: object) -> str:
        known = sorted(self._makers)
        hint = advice(self.kind, str(spec).partition("(")[0]) or suggest(str(spec), [*known, *self.aliases])
        return f"unknown {self.kind}: expected one of {', '.join(known)}; received {spec!r}{hint and f'; {hint}'}"


def _shortest(value: float) -> str:
    """Return the shortest text that reads back as the same number."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e6 else repr(value)
