"""A text file as UTF-8 bytes: unpacked, its encoding found, its line ends made alike."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError
from ..files import describe_content, describe_head
from ..memory import bytes_text, machine_memory

GZIP = b"\x1f\x8b"
_MARKS = (  # byte-order marks, the longer ones first
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TEXT = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_WESTERN = "cp1252"
_ALWAYS_UNPACKED = 100_000_000  # bytes, up to which any compression is believed
_MOST_PACKED = 200  # times; a table of text is seldom packed beyond 20
_CHUNK = 1 << 20


@dataclass(frozen=True)
class TextFile:
    """The text of a file.

    Attributes
    ----------
    data : bytes
        In UTF-8, without byte-order mark, lines ended by a line feed.
    encoding : str
        The encoding the file has.
    notes : tuple of str
        What was found that a reader should know.
    """

    data: bytes
    encoding: str
    notes: tuple[str, ...]


def read_text(path: Path, encoding: str | None = None, otherwise: str | None = None) -> TextFile:
    """Read a text file, plain or packed with gzip.

    Parameters
    ----------
    path : Path
    encoding : str, optional
        By default it is found: a byte-order mark, UTF-8, UTF-16 without a mark, or what comes next.
    otherwise : str, optional
        The encoding of bytes that show none of these; Windows-1252 by default.

    Returns
    -------
    TextFile

    Raises
    ------
    DataError
        The file is empty, is no text, is packed beyond belief, or does not have the encoding.
    """
    raw, packed = _bytes_of(path)
    notes = ["unpacked with gzip"] if packed else []
    if not raw.strip():
        raise DataError(f"expected a table in text, but {path} is empty; fetch or write the file again")
    content = describe_head(raw[:1024])
    marked = next((name for mark, name in _MARKS if raw.startswith(mark)), None)
    if marked is None and not content.startswith(("a text", "a file of another kind", "an empty text")):
        raise DataError(f"expected a table in text, but {path} is {content}; name the table itself")
    if encoding is not None:
        found = _known(encoding)
        text = _decoded(raw, "utf-8-sig" if found == "utf-8" else found, path, given=True)
    else:
        western = _WESTERN if (otherwise or "utf").startswith("utf") else _known(str(otherwise))
        found, text = _sniffed(raw, marked, western, path)
        if marked is not None:
            notes.append(f"a byte-order mark says {marked.removesuffix('-sig').upper()}")
        elif found == western:
            notes.append(f"{_not_utf_8(raw)}: read as {found}; name another encoding if letters look wrong")
        elif found != "utf-8":
            notes.append(f"the bytes look like {found.upper()}")
    if found in ("utf-8", "utf-8-sig") and b"\r" not in raw and marked is None:
        return TextFile(raw, "utf-8", tuple(notes))
    data = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", errors="replace")
    return TextFile(data, found.removesuffix("-sig"), tuple(notes))


def _bytes_of(path: Path) -> tuple[bytes, bool]:
    """Return the bytes of a file, unpacked where gzip packed them, and whether it did."""
    describe_content(path)  # says so where the file cannot be read
    with open(path, "rb") as file:
        if file.read(2) != GZIP:
            _check_size(path.stat().st_size, path)
            file.seek(0)
            return file.read(), False
    size = path.stat().st_size
    most = max(_ALWAYS_UNPACKED, _MOST_PACKED * size)
    parts, total = [], 0
    try:
        with gzip.open(path, "rb") as unpacked:
            while part := unpacked.read(_CHUNK):
                total += len(part)
                if total > most:
                    raise DataError(
                        f"expected a packed table, but {path}, {bytes_text(size)}, unpacks to more than "
                        f"{bytes_text(most)}: no table is packed that tightly, so it is refused; unpack it "
                        f"yourself if you trust it"
                    )
                _check_size(total, path)
                parts.append(part)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"expected a whole gzip file, but {path} is cut off or damaged ({error}); fetch it again"
        ) from error
    return b"".join(parts), True


def _check_size(size: int, path: Path) -> None:
    memory = machine_memory()
    if size > memory // 2:
        raise DataError(
            f"expected a table that fits into memory, but {path} has {bytes_text(size)} of text and this machine "
            f"{bytes_text(memory)}; take fewer rows or columns, or train on it in batches"
        )


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise DataError(
            f"encoding: expected the name of an encoding such as utf-8, cp1252 or utf-16; received {encoding!r}"
        ) from None


def _sniffed(raw: bytes, marked: str | None, otherwise: str, path: Path) -> tuple[str, str]:
    """Return the encoding that the bytes have, and the text."""
    if marked is not None:
        return marked, _decoded(raw, marked, path)
    head = raw[:4096]
    if head.count(b"\0") > len(head) // 4:  # UTF-16 without a mark: every other byte of plain letters is zero
        guess = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
        if min(head[1::2].count(0), head[::2].count(0)) == 0:
            return guess, _decoded(raw, guess, path)
    if strange := _NO_TEXT.search(raw):
        raise DataError(
            f"expected a table in text, but {path} is a binary file (the byte 0x{strange[0][0]:02x} at place "
            f"{strange.start()}); name the table itself, or save it as CSV or Parquet"
        )
    try:
        return "utf-8", raw.decode("utf-8")
    except UnicodeDecodeError:
        return otherwise, _decoded(raw, otherwise, path)


def _decoded(raw: bytes, encoding: str, path: Path, given: bool = False) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        tried = encoding.removesuffix("-sig") if given else f"UTF-8 or {encoding}"
        raise DataError(
            f"expected text in {tried}, but line {line} of {path} holds the byte 0x{raw[error.start]:02x}, which is "
            f"none; name the encoding it was written in (such as cp1252, latin-1, utf-16, shift_jis), or save the "
            f"file as UTF-8"
        ) from error


def _not_utf_8(raw: bytes) -> str:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return f"line {line} is no UTF-8 (byte 0x{raw[error.start]:02x})"
    raise AssertionError("only called where decoding failed")
