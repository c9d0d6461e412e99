"""A text file as UTF-8: unpacked, its encoding detected from the first block, its line ends made alike."""

from __future__ import annotations

import codecs
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from ..errors import DataError
from ..files import describe_content, describe_head, printable, readable
from ..memory import check_size, unpacked_pieces

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


class TextFile:
    """A text file, plain or compressed with gzip.

    Parameters
    ----------
    path : Path
    encoding : str, optional
        Detected by default: a byte-order mark, UTF-8, UTF-16 without a mark, or ``otherwise``.
    otherwise : str, optional
        The encoding of bytes that show none of these; Windows-1252 by default.
    block_bytes : int, optional
        Bytes that are read at once; the whole file by default, which must fit into memory.

    Attributes
    ----------
    encoding : str
    notes : list of str

    Raises
    ------
    DataError
        For a file that is empty, is not text, is packed beyond belief, or has another encoding.
    """

    def __init__(
        self, path: Path, encoding: str | None, otherwise: str | None, block_bytes: int | None = None
    ):
        self._path, self._block_bytes = path, block_bytes
        describe_content(path)  # explains why a file cannot be read
        with open(path, "rb") as file:
            self._is_packed = file.read(2) == GZIP
        self.notes: list[str] = ["uncompressed with gzip"] if self._is_packed else []
        rest = self._raw_blocks()
        first = next(rest, b"")
        self._opened: Iterator[bytes] | None = itertools.chain([first], rest)
        if not first.strip():
            raise DataError(
                f"expected a table in text, but {path} is empty; download or write the file again"
            )
        content = describe_head(first[:1024])
        mark = next((codec for mark, codec in _MARKS if first.startswith(mark)), None)
        if mark is None and not content.startswith(("a text", "a file of another kind", "an empty text")):
            raise DataError(f"expected a table in text, but {path} is {content}; name the table itself")
        self._is_given = encoding is not None
        if encoding is not None:
            name = _codec_name(encoding)
            self._codec = "utf-8-sig" if name == "utf-8" else name
        elif mark is not None:
            self._codec = mark
            self.notes.append(f"a byte-order mark says {self.encoding.upper()}")
        else:
            western = _WESTERN if (otherwise or "utf").startswith("utf") else _codec_name(str(otherwise))
            self._codec = self._detect(first, western)

    @property
    def encoding(self) -> str:
        """The name of the encoding."""
        return self._codec.removesuffix("-sig")

    def blocks(self) -> Iterator[bytes]:
        """Return the text in blocks: UTF-8 without a byte-order mark, lines ended by a line feed."""
        raw_blocks, self._opened = self._opened or self._raw_blocks(), None
        decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(self._codec)(), translate=True)
        line, is_last = 1, False
        for raw in raw_blocks:
            if (
                self._block_bytes is None
                and self._codec == "utf-8"
                and not self._is_given
                and b"\r" not in raw
            ):
                yield raw  # the whole file, known to be UTF-8
                return
            is_last = self._block_bytes is None or len(raw) < self._block_bytes
            text = self._decode(decoder, raw, line, is_last)
            line += text.count("\n")
            yield text.encode("utf-8", errors="replace")
        if not is_last:
            yield self._decode(decoder, b"", line, final=True).encode("utf-8", errors="replace")

    def _decode(self, decoder: io.IncrementalNewlineDecoder, raw: bytes, line: int, final: bool) -> str:
        try:
            return decoder.decode(raw, final)
        except UnicodeDecodeError as error:
            line += error.object.count(b"\n", 0, error.start)
            codecs_tried = self.encoding if self._is_given else f"UTF-8 or {self._codec}"
            before = printable(error.object[max(0, error.start - 20) : error.start])
            raise DataError(
                f"expected text in {codecs_tried}, but line {line} of {self._path} holds the byte "
                f"0x{error.object[error.start]:02x} after {before!r}; name the encoding it was written in (such as cp1252, "
                f"latin-1, utf-16, shift_jis), or save the file as UTF-8"
            ) from error

    def _detect(self, raw: bytes, otherwise: str) -> str:
        """Return the encoding of bytes without a byte-order mark, with a note unless it is UTF-8."""
        head = raw[:4096]
        if head.count(b"\0") > len(head) // 4:  # UTF-16: every other byte of plain letters is zero
            even, odd = head[::2].count(0), head[1::2].count(0)
            if min(even, odd) == 0:
                codec = "utf-16-le" if odd > even else "utf-16-be"
                self.notes.append(f"the bytes look like {codec.upper()}")
                return codec
        if strange := _NO_TEXT.search(raw):
            raise DataError(
                f"expected a table in text, but {self._path} is a binary file (the byte 0x{strange[0][0]:02x} at place "
                f"{strange.start()}); name the table itself, or save it as CSV or Parquet"
            )
        try:  # a block may end within a letter
            codecs.getincrementaldecoder("utf-8")().decode(raw, final=self._block_bytes is None)
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self.notes.append(
                f"line {line} is not UTF-8 (byte 0x{raw[error.start]:02x}): read as {otherwise}; name another encoding if "
                f"letters look wrong"
            )
            return otherwise
        return "utf-8"

    # Bytes

    def _raw_blocks(self) -> Iterator[bytes]:
        """Return the bytes of the file, unpacked; all of them at once unless blocks are asked for."""
        is_whole, kind = self._block_bytes is None, "gzip file" if self._is_packed else "file"
        if is_whole and not self._is_packed:
            check_size(self._path.stat().st_size, f"of text in {self._path}")
        explained = readable(self._path, kind, OSError, EOFError, zlib.error)
        with explained, (gzip.open if self._is_packed else open)(self._path, "rb") as file:
            if not is_whole:
                while block := file.read(self._block_bytes):
                    yield block
                return
            content = b"".join(unpacked_pieces(file.read, self._path)) if self._is_packed else file.read()
        yield content  # after closing the file, which an error of the reader would keep open


def _codec_name(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise DataError(
            f"encoding: expected the name of an encoding such as utf-8, cp1252 or utf-16; received {encoding!r}"
        ) from None
