"""Sheets of workbooks: Excel (XLSX, XLSM, XLS) and OpenDocument (ODS)."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from .._wording import pluralize
from .archives import opened_zip
from .errors import DataError
from .files import describe_content, import_extra, name_list, printable, readable
from .read_options import ReadOptions
from .table_frame import TableFrame, check_names
from .target_column import find_column
from .text.dialect import SAMPLE_ROWS, sniff_header
from .workbook_scan import SheetFacts, check_members, excel_sheets, ods_sheets, scan_excel_sheet

if TYPE_CHECKING:
    import fastexcel
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_TITLE_WIDTH = 3  # columns, from which on a first row with one value is a title
_NO_HEADER = (
    "no header detected: the columns are named x0, x1, ... (if the first row is one: header=True, --header)"
)


def read_workbook(path: Path, options: ReadOptions) -> TableFrame:
    """Read a sheet of a workbook; formulas have the results that were stored with them.

    Raises
    ------
    DataError
        For a damaged or encrypted workbook, no such sheet, several sheets where none is named, columns without
        names of their own, and where fastexcel is not installed.
    """
    book = Workbook(path)
    with readable(path, "workbook", BaseException):
        name, notes = book.choose(options)
        where = f"the sheet {printable(name)!r} of {path}"
        first = book.sample(name)
        title = _title_rows(first)
        rows = [[cell or "" for cell in row] for row in first.rows()]
        if len(rows) <= title:
            raise DataError(f"expected rows in {where}, received an empty sheet; name another one")
        header = options.header if options.header is not None else options.reading.get("header")
        has_header = sniff_header(rows[title:]) if header is None else bool(header)
        cells = book.table(name, title, has_header)
    titles = [printable(" ".join(row).strip()) for row in rows[:title] if any(row)]
    notes += [*book.notes(name), *(f"title above the table ignored: {text!r}" for text in titles)]
    if header is None and not has_header:
        notes.append(_NO_HEADER)
    names = rows[title] if has_header else [f"x{j}" for j in range(cells.width)]
    frame = _set_names(_set_types(cells), names, where, notes)
    return TableFrame(frame, {"kind": "excel", "sheet": name, "header": has_header}, notes)


class Workbook:
    """An open workbook, whose sheets are checked before the library takes memory for them.

    Parameters
    ----------
    path : Path

    Raises
    ------
    DataError
        For a damaged or encrypted workbook, and where fastexcel is not installed.
    """

    def __init__(self, path: Path):
        library = import_extra("fastexcel", "a workbook", path)
        self._path, self._is_excel = path, describe_content(path) == "an Excel workbook"
        self._facts: dict[str, SheetFacts] = {}
        content = path.read_bytes()
        if _ENCRYPTED in content:
            raise DataError(
                f"expected a workbook without a password, but {path} is encrypted; save it without one"
            )
        with readable(path, "workbook", BaseException):
            if content.startswith(b"PK"):
                with opened_zip(path) as archive:
                    check_members(archive, path)
                    self._facts = excel_sheets(archive) if self._is_excel else ods_sheets(archive, path)
            self._book: fastexcel.ExcelReader = library.read_excel(content)
        self._scanned = set[str]()

    def choose(self, options: ReadOptions) -> tuple[str, list[str]]:
        """Return the name of the sheet to read, and notes: the one named, or the only one with rows that is not hidden.

        Parameters
        ----------
        options : ReadOptions
        """
        names, sheet = self._book.sheet_names, options.sheet
        if sheet is not None:
            return find_column(str(sheet), names, str(self._path), "sheet", "sheet"), []
        if (earlier := options.reading.get("sheet")) in names:
            return earlier, []
        visible = [name for name in names if not self._is_hidden(name)]
        nonempty = [name for name in visible if len(visible) == 1 or self._sheet(name, n_rows=1).height]
        hidden = [name for name in names if name not in visible]
        if len(nonempty) != 1:
            raise DataError(
                f"sheet: expected the name of one of the {len(nonempty)} sheets of {self._path} that have rows, received none; "
                f"name it with sheet=NAME (--sheet NAME); there are {name_list(nonempty or names)}"
            )
        return nonempty[0], [f"hidden sheets ignored: {name_list(hidden)}"] if hidden else []

    def _is_hidden(self, name: str) -> bool:
        if self._is_excel:
            return name in self._facts and self._facts[name].is_hidden
        return self._sheet(name, n_rows=1).visible != "visible"

    def sample(self, name: str) -> pl.DataFrame:
        """Return the first rows of a sheet as texts, empty ones above them left out."""
        return self._sheet(name, n_rows=SAMPLE_ROWS, dtypes="string").to_polars()

    def table(self, name: str, title: int, has_header: bool) -> pl.DataFrame:
        """Return the rows below the title and the header, each column in a type that holds all its values.

        Parameters
        ----------
        name : str
        title : int
            Rows of the title, empty ones above it not counted.
        has_header : bool
        """
        if not title:
            return self._sheet(name, header_row=0 if has_header else None).to_polars()
        rows, height = (self._sheet(name, n_rows=1, skip_rows=skip).total_height for skip in (0, None))
        return self._sheet(name, skip_rows=rows - height + title + has_header).to_polars()

    def _sheet(
        self, name: str, header_row: int | None = None, skip_rows: int | None = None, n_rows: int | None = None,
        dtypes: Literal["string"] | None = None,
    ) -> fastexcel.ExcelSheet:  # fmt: skip
        if self._is_excel and name not in self._scanned and name in self._facts:
            with opened_zip(self._path) as archive:
                scan_excel_sheet(archive, self._facts[name], self._path)
            self._scanned.add(name)
        logging.getLogger("fastexcel").setLevel(logging.ERROR)  # it logs a warning for each empty column
        return self._book.load_sheet(
            name,
            header_row=header_row,
            skip_rows=skip_rows,
            n_rows=n_rows,
            schema_sample_rows=None,
            dtypes=dtypes,
        )

    def notes(self, name: str) -> list[str]:
        """Return what cells of a sheet hold no value."""
        facts, notes = self._facts.get(name, SheetFacts()), []
        if facts.errors:
            notes.append(f"{pluralize(facts.errors, 'cell')} with an error such as #N/A; treated as missing")
        if facts.without_result:
            notes.append(
                f"{pluralize(facts.without_result, 'formula')} without a stored result; treated as missing (open the workbook "
                "in Excel or LibreOffice and save it)"
            )
        return notes


def _title_rows(first: pl.DataFrame) -> int:
    """Return the number of first rows that hold one value only, where the table below is wider."""
    if first.width < _TITLE_WIDTH:
        return 0
    cell_counts = [sum(cell is not None for cell in row) for row in first.rows()]
    return next((i for i, cells in enumerate(cell_counts) if cells > 1), 0)


def _set_types(frame: pl.DataFrame) -> pl.DataFrame:
    """Return cells with integers as Int64 and midnights as dates: a workbook holds both as numbers."""
    columns = []
    for column in frame:
        present = column.drop_nulls()
        dtype = column.dtype
        if dtype == pl.Float64 and (present.cast(pl.Int64, strict=False) == present).all():
            dtype = pl.Int64()
        elif dtype == pl.Datetime and (present.dt.time() == datetime.time()).all():
            dtype = pl.Date()
        columns.append(column.cast(dtype) if len(present) else column)
    return pl.DataFrame(columns)


def _set_names(frame: pl.DataFrame, names: Sequence[str], where: str, notes: list[str]) -> pl.DataFrame:
    """Return cells with names for the columns, without columns that have neither, and without empty rows."""
    names = [*names, *[""] * (frame.width - len(names))]
    places = [j for j, name in enumerate(names) if name.strip() or frame[:, j].null_count() < len(frame)]
    empty = [str(j + 1) for j in places if not names[j].strip()]
    if empty:
        raise DataError(
            f"expected a name for each column in the first row of {where}, but column {', '.join(empty[:5])} of "
            f"{len(names)} has none; give it one, and split merged cells (or say header=False, --no-header, if the first row "
            "is none)"
        )
    new_names = [printable(names[j].strip()) for j in places]
    check_names(new_names, where)
    frame = frame[:, places].rename(dict(zip([frame.columns[j] for j in places], new_names, strict=True)))
    rows = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    if not len(rows):
        raise DataError(f"expected rows below the header of {where}, received none; name another sheet")
    if blank := len(frame) - len(rows):
        notes.append(f"{pluralize(blank, 'empty row')} skipped")
    return rows
