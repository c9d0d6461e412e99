"""Looks into the XML of a workbook before a library reads it: sizes that it only claims, error cells, hidden sheets."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from posixpath import join, normpath
from xml.etree import ElementTree

from .memory import check_unpacked, unpacked_pieces

_CELL_BYTES = 8  # as that of a number
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="([0-9]{1,9})"')
_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,4})')
_TEXT_CELL = re.compile(rb'\bt="s"[^>]*>\s*<(?:\w+:)?v>([0-9]{1,9})<')
_TWO_LETTERS, _THREE_LETTERS = (re.compile(rb' r="[A-Z]{%d}' % count) for count in (2, 3))
_COLUMNS = (0, 26, 702, 16384)  # whose names have at most that many letters
_ALWAYS = 50_000_000  # bytes, up to which any sheet is read
_NO_RESULT = re.compile(rb"</f>(?:<v></v>|<v\s*/>|</c>)")
_ODS_TAG = re.compile(rb"<\w+:(table(?:-row|-cell)?|covered-table-cell)(?=[\s/>])([^>]*)>")
_ODS_NAME = re.compile(rb'\w+:name="([^"]*)"')
_REPEATED = re.compile(rb'repeated="([0-9]{1,12})"')


@dataclass
class SheetFacts:
    """Facts of one sheet: where its content lies, whether it is hidden, and cells that hold no value.

    Attributes
    ----------
    member : str
        Name of its file in the workbook.
    is_hidden : bool
    errors : int
        Cells such as #N/A.
    without_result : int
        Formulas whose result was not stored.
    """

    member: str = ""
    is_hidden: bool = False
    errors: int = 0
    without_result: int = 0


def check_members(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse a workbook that unpacks to more than its size allows.

    Every member is unpacked once, because sizes in its directory need not be true.
    """
    size = 0
    for entry in archive.infolist():
        for piece in _pieces(archive, entry, path):
            size += len(piece)
            check_unpacked(size, path.stat().st_size, path)


def _pieces(archive: zipfile.ZipFile, member: str | zipfile.ZipInfo, path: Path) -> Iterator[bytes]:
    """Return a member in pieces and close it, without which a damaged archive would stay open."""
    with archive.open(member) as content:
        yield from unpacked_pieces(content.read, path)


# Excel


def excel_sheets(archive: zipfile.ZipFile) -> dict[str, SheetFacts]:
    """Return the sheets of an Excel workbook by name."""
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    members = {
        item.get("Id"): normpath(join("/xl", item.get("Target", ""))).lstrip("/") for item in relations
    }
    sheets = ElementTree.fromstring(archive.read("xl/workbook.xml")).iter()
    return {
        item.get("name", ""): SheetFacts(
            members.get(next((value for key, value in item.items() if key.endswith("}id")), None), ""),
            item.get("state", "visible") != "visible",
        )
        for item in sheets
        if item.tag.endswith("}sheet")
    }


def scan_excel_sheet(archive: zipfile.ZipFile, facts: SheetFacts, path: Path) -> None:
    """Count the cells of a sheet that hold no value, and refuse one that claims more than its file can hold.

    Bounds come first; what takes longer is counted only where they are large.
    """
    least, most, widest, texts = 1 << 30, 0, _COLUMNS[1], 0
    for piece in _whole_cells(archive, facts.member, path):
        rows = [int(row) for row in _ROW.findall(piece)]
        least, most = min([least, *rows]), max([most, *rows])
        if widest < _COLUMNS[3] and _THREE_LETTERS.search(piece):
            widest = _COLUMNS[3]
        elif widest < _COLUMNS[2] and _TWO_LETTERS.search(piece):
            widest = _COLUMNS[2]
        texts += piece.count(b't="s"')
        facts.errors += piece.count(b't="e"')
        facts.without_result += len(_NO_RESULT.findall(piece))
    packed, rows_of_sheet = path.stat().st_size, max(most - least + 1, 0)
    if _CELL_BYTES * rows_of_sheet * widest > _ALWAYS:
        columns = {
            name for piece in _whole_cells(archive, facts.member, path) for name in _CELL.findall(piece)
        }
        check_unpacked(_CELL_BYTES * rows_of_sheet * _span(columns), packed, path)
    if not texts or "xl/sharedStrings.xml" not in archive.namelist():
        return
    lengths = [len(text) for text in archive.read("xl/sharedStrings.xml").split(b"</si>")]
    if max(lengths) * texts > _ALWAYS:
        places = (
            int(i) for piece in _whole_cells(archive, facts.member, path) for i in _TEXT_CELL.findall(piece)
        )
        check_unpacked(sum(lengths[i] for i in places if i < len(lengths)), packed, path)


def _whole_cells(archive: zipfile.ZipFile, member: str, path: Path) -> Iterator[bytes]:
    """Return the XML of a sheet in pieces that end before a cell."""
    rest = b""
    for piece in _pieces(archive, member, path):
        rest += piece
        cut = max(rest.rfind(b"<c "), rest.rfind(b"<row "))
        if cut > 0:
            yield rest[:cut]
            rest = rest[cut:]
    yield rest


def _span(columns: set[bytes]) -> int:
    """Return the number of columns from the first to the last of names such as A and XFD."""
    if not columns:
        return 0
    places = []
    for letters in columns:
        place = 0
        for letter in letters:
            place = 26 * place + letter - 64
        places.append(place)
    return max(places) - min(places) + 1


# OpenDocument


def ods_sheets(archive: zipfile.ZipFile, path: Path) -> dict[str, SheetFacts]:
    """Return the sheets of an OpenDocument spreadsheet by name, refused if one claims more than its file can hold."""
    content = b"".join(_pieces(archive, "content.xml", path))
    sheets: dict[str, SheetFacts] = {}
    extent, facts = _Extent(), SheetFacts()
    for tag in _ODS_TAG.finditer(content):
        kind, attributes = tag[1], tag[2]
        repeated = _REPEATED.search(attributes)
        count = int(repeated[1]) if repeated else 1
        if kind == b"table":
            name = _ODS_NAME.search(attributes)
            extent, facts = _Extent(), SheetFacts()
            sheets[unescape(name[1].decode("utf-8", "replace")) if name else ""] = facts
        elif kind == b"table-row":
            extent.begin_row(count)
        elif b"value-type" in attributes or not attributes.endswith(b"/"):
            extent.add_cells(count, content.find(b"-cell>", tag.end()) - tag.end())
            facts.errors += count * (b'value-type="error"' in attributes)
            check_unpacked(extent.size, path.stat().st_size, path)
        else:
            extent.column += count
    return sheets


@dataclass
class _Extent:
    """The cells of a sheet up to the last one with a value, repeated ones counted as often as they are repeated."""

    column: int = 0
    row: int = 0
    last_row: int = 0
    last_column: int = 0
    letters: int = 0
    row_count: int = 0

    def begin_row(self, count: int) -> None:
        self.row, self.row_count, self.column = self.row + self.row_count, count, 0

    def add_cells(self, count: int, length: int) -> None:
        self.column += count
        self.last_row, self.last_column = self.row + self.row_count, max(self.last_column, self.column)
        self.letters += count * self.row_count * max(length, 0)

    @property
    def size(self) -> int:
        """The bytes that the sheet takes at least."""
        return _CELL_BYTES * self.last_row * self.last_column + self.letters
