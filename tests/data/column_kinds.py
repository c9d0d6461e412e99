"""Forty kinds of columns as people have them in files: the texts of 40 rows each."""

from __future__ import annotations

import datetime

M = 40
_DAY = datetime.datetime(2021, 11, 20, 7, 5, 9)
_MOMENTS = [_DAY + datetime.timedelta(days=17 * i, minutes=31 * i) for i in range(M)]


def dates(style: str) -> list[str]:
    return [moment.strftime(style) for moment in _MOMENTS]


def cycle(*texts: str) -> list[str]:
    return [texts[i % len(texts)] for i in range(M)]


def some(texts: list[str], *others: str) -> list[str]:
    """Return texts of which a few are others."""
    return [
        others[i // 11] if i % 11 == 5 and i // 11 < len(others) else text for i, text in enumerate(texts)
    ]


KINDS: dict[str, list[str]] = {
    "whole": [str(7 * i - 50) for i in range(M)],
    "whole with gaps": some([str(i) for i in range(M)], "", "NA", "?"),
    "whole of 19 digits": [str(1_577_134_800_018_164_904 + i**5) for i in range(M)],
    "whole of 25 digits": [f"15771348000181649040000{i:02d}" for i in range(M)],
    "a sign before": [f"+{i}" for i in range(M)],
    "number": [f"{i / 7:.3f}" for i in range(M)],
    "number with whole ones": [str(i) if i % 3 else f"{i}.5" for i in range(M)],
    "exponent": [f"{i + 1}e{i % 5}" for i in range(M)],
    "number with marks": some([f"{i / 7:.3f}" for i in range(M)], "n/a", "None", "nan"),
    "number with slips": some([f"{i / 7:.3f}" for i in range(M)], "unknown", "<5"),
    "grouped": [f"{1000 * i + 234:,}" for i in range(M)],
    "grouped with decimals": [f"{1000 * i + 234.5:,.2f}" for i in range(M)],
    "money": [f"${1000 * i + 99.5:,.2f}" for i in range(M)],
    "money behind": [f"{i}.25 €" for i in range(M)],
    "negative money": [f"-${i}.10" for i in range(M)],
    "per cent": [f"{i / 3:.1f}%" for i in range(M)],
    "infinite": some([str(i) for i in range(M)], "inf", "-inf"),
    "code": [f"0{i * 311 % 1000:04d}" for i in range(M)],
    "version": cycle("1.1", "1.10", "2.0", "3.0-beta"),
    "digits and words": cycle("1", "2", "10+", "unknown"),
    "category": cycle("Oslo", "Rome", "Köln"),
    "category with gaps": some(cycle("Oslo", "Rome"), "", "NA", "?"),
    "case": cycle("red", "Red", "RED"),
    "yes and no": cycle("yes", "no", "no"),
    "true and false": cycle("true", "false", "false"),
    "TRUE and FALSE": some(cycle("TRUE", "FALSE", "FALSE"), ""),
    "0 and 1": cycle("0", "1", "1"),
    "t and f": cycle("t", "f", "f"),
    "date": dates("%Y-%m-%d"),
    "date with gaps": some(dates("%Y-%m-%d"), "", "NA", "soon"),
    "day first": dates("%d/%m/%Y"),
    "month first": dates("%m/%d/%Y"),
    "day and month alike": [f"{i % 12 + 1:02d}/{(5 * i) % 12 + 1:02d}/2020" for i in range(M)],
    "date with points": dates("%d.%m.%Y"),
    "name of the month": dates("%d %b %Y"),
    "moment": dates("%Y-%m-%dT%H:%M:%S"),
    "moment of a day": dates("%m/%d/%Y %I:%M %p"),
    "moment with a zone": [f"{text}+02:00" for text in dates("%Y-%m-%dT%H:%M:%S")],
    "duration": [f"{i // 6}:{7 * i % 60:02d}:00" for i in range(M)],
    "days": [f"{i} days 0{i % 9}:00:01" for i in range(M)],
    "identifier": ["8e12", "5e10", *(f"{i * 7919 % 997:03x}a{i}" for i in range(2, M))],
    "phone": [f"+49 30 {i * 7919 % 99991:05d}" for i in range(M)],
    "sentence": [f"the {i}th time, that it rained in {'abc'[i % 3]} and snowed" for i in range(M)],
    "quotes": cycle('5"', "a, b", 'say "no"', "two\nlines"),
    "one level with gaps": some(cycle("x"), "", "NA"),
    "constant": cycle("7"),
    "nothing": cycle(""),
}
