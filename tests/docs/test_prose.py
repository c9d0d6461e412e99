"""Prose: docs, docstrings and messages use the terms of the field, not phrases that readers stumbled over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ellayer

SOURCE = Path(ellayer.__file__).parent
ROOT = Path(__file__).parents[2]

# Phrases that readers did not understand, and what to write instead.
STOP_LIST = {
    r"rests? (up)?on": "depends on; feature importance",
    r"say(s|ing)? the same": "is identical to; is correlated with",
    r"(takes|taken|took) for": "treated as; assumed to be",
    r"ranked right": "ranked above",
    r"came true|come true": "observed frequency",
    r"best of (a|the) line": "best in its row",
    r"(what|anything) is odd": "data warnings",
    r"most wrong": "largest errors",
    r"to repeat it": "reproduce",
    r"nothing but itself": "self-contained",
    r"cannot tell (it|them)": "not significantly different",
    r"(tell|tells|told|telling) (\w+ )?apart": "distinguish; detect the type of",
    r"(is|are|be|was|were) told": "is given; is required",
    r"(left|leave|leaves|leaving|put|puts|kept|keeps?) (\w+ )?aside": "ignored; held out",
    r"(found|find|finds|finding) out": "detected",
    r"again for more": "repeatable",
    r"(less|more) is better": "lower is better; higher is better",
    r"decimal sign": "decimal separator",
    r"no number any ?more": "NaN; not finite",
    r"so many (rows|records|seconds|levels|folds)": "this number of; at regular intervals",
    r"stands? for (it|its|this|X|a) ": "means; replaces",
    r"(goes|go) on (from|where|like|with)": "continues; resumes",
    r"(learn|learns|learned|learnt) by heart|by heart": "memorise",
    r"nought": "zero",
    r"one's own": "your own; custom",
    r"entry by entry": "elementwise",
    r"but for its": "except for its",
    r"hands? (back|over)": "return; pass",
    r"as it stands in": "unchanged",
    r"is no (number|table|file|column|class|array|image)": "is not a",
    r"a fault of (ours|ellayer)": "a bug",
}
PATTERN = re.compile(r"\b(" + "|".join(f"(?:{phrase})" for phrase in STOP_LIST) + r")\b", re.IGNORECASE)


def texts() -> Iterator[tuple[Path, str]]:
    """Yield the files with text for readers: source with its docstrings and messages, templates, pages."""
    yield from ((path, path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py")))
    yield from ((path, path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.html")))
    pages = [
        *sorted((ROOT / "docs").rglob("*.md")),
        *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING")),
    ]
    yield from ((page, page.read_text(encoding="utf-8")) for page in pages if page.exists())


def phrases(text: str) -> list[tuple[int, str, str]]:
    """Return the line, the phrase and what to write instead, for phrases on the stop list."""
    return [
        (
            text.count("\n", 0, match.start()) + 1,
            match.group(),
            next(
                better
                for phrase, better in STOP_LIST.items()
                if re.fullmatch(phrase, match.group(), re.IGNORECASE)
            ),
        )
        for match in PATTERN.finditer(text)
    ]


def test_no_phrase_of_the_stop_list():
    wrong = [
        f"{path}:{line}: {phrase!r}, write for example: {better}"
        for path, text in texts()
        for line, phrase, better in phrases(text)
    ]
    assert not wrong, "use the terms of the field:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "better"),
    [("What it rests on", "depends on; feature importance"), ("Columns are told apart.", "is given; is required"),
     ("of the log_loss less is better", "lower is better; higher is better")],
)  # fmt: skip
def test_a_phrase_of_the_stop_list_is_reported(text, better):
    assert [found for _, _, found in phrases(text)] == [better]
