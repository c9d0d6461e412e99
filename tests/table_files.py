"""Writers of one table in every kind of file, for tests of reading."""

from __future__ import annotations

import datetime
import gzip
import io
import sqlite3
import zipfile
from contextlib import closing
from html import escape
from pathlib import Path

import duckdb
import polars as pl
import xlsxwriter

_NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (("office", "office"), ("table", "table"), ("text", "text"))
) + ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'  # fmt: skip
_MANIFEST = (
    '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/" manifest:media-type="{0}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)
_ODS = "application/vnd.oasis.opendocument.spreadsheet"


def rows_of(frame: pl.DataFrame) -> list[tuple]:
    """Return the names and the rows of a frame."""
    return [tuple(frame.columns), *frame.rows()]


def write_excel(rows, path: Path, sheet: str = "Data") -> Path:
    """Write rows of values (None is an empty cell) as the sheet of an Excel workbook."""
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        page = book.add_worksheet(sheet)
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                if value is not None:
                    page.write(i, j, value)
    return path


def write_ods(rows, path: Path, more: str = "") -> Path:
    """Write rows of values as the sheet of an OpenDocument spreadsheet; ``more`` is XML after the last row."""
    lines = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", _ODS, zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", _MANIFEST.format(_ODS))
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_NAMESPACES} office:version="1.3"><office:body>'
            f'<office:spreadsheet><table:table table:name="Data">{lines}{more}</table:table></office:spreadsheet>'
            "</office:body></office:document-content>",
        )
    return path


def _ods_cell(value: object) -> str:
    if value is None:
        return "<table:table-cell/>"
    kind, attribute = "string", ""
    if isinstance(value, bool):
        kind, attribute = "boolean", f'office:boolean-value="{str(value).lower()}"'
    elif isinstance(value, (int, float)):
        kind, attribute = "float", f'office:value="{value}"'
    elif isinstance(value, (datetime.datetime, datetime.date)):
        kind, attribute = "date", f'office:date-value="{value.isoformat()}"'
    elif value == "#N/A":
        attribute = 'calcext:value-type="error"'
    text = escape(str(value))
    return (
        f'<table:table-cell office:value-type="{kind}" {attribute}><text:p>{text}</text:p></table:table-cell>'
    )


def write_sqlite(frame: pl.DataFrame, path: Path, table: str = "visits") -> Path:
    """Write a frame as a table of an SQLite database."""
    with closing(sqlite3.connect(path)) as file:
        names = ", ".join(f'"{name}"' for name in frame.columns)
        file.execute(f'CREATE TABLE "{table}" ({names})')
        file.executemany(f'INSERT INTO "{table}" VALUES ({", ".join("?" * frame.width)})', frame.rows())
        file.commit()
    return path


def write_duckdb(frame: pl.DataFrame, path: Path, table: str = "visits") -> Path:
    """Write a frame as a table of a DuckDB database."""
    with closing(duckdb.connect(str(path))) as file:
        file.register("frame", frame.to_arrow())
        file.execute(f'CREATE TABLE "{table}" AS SELECT * FROM frame')
    return path


def write_zip(path: Path, **members: bytes) -> Path:
    """Write a ZIP archive of members, "__" in their names for the point."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return path


def _csv(frame: pl.DataFrame) -> bytes:
    return frame.write_csv().encode()


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def _write_bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


# The name of a file -> a function that writes a frame to it.
WRITERS = {
    "a.csv": lambda frame, path: _write_bytes(path, _csv(frame)),
    "a.tsv": lambda frame, path: _write_bytes(path, frame.write_csv(separator="\t").encode()),
    "a.csv.gz": lambda frame, path: _write_bytes(path, gzip.compress(_csv(frame))),
    "a.parquet": lambda frame, path: _write_bytes(path, _parquet(frame)),
    "a.feather": lambda frame, path: frame.write_ipc(path, compression="zstd"),
    "a.arrow": lambda frame, path: frame.write_ipc(path),
    "a.xlsx": lambda frame, path: write_excel(rows_of(frame), path),
    "a.ods": lambda frame, path: write_ods(rows_of(frame), path),
    "a.json": lambda frame, path: frame.write_json(path),
    "a.jsonl": lambda frame, path: frame.write_ndjson(path),
    "a.jsonl.gz": lambda frame, path: _write_bytes(path, gzip.compress(frame.write_ndjson().encode())),
    "a.sqlite": write_sqlite,
    "a.duckdb": write_duckdb,
    "a.zip": lambda frame, path: write_zip(path, data__csv=_csv(frame)),
    "b.zip": lambda frame, path: write_zip(path, data__parquet=_parquet(frame), __hidden=b"x"),
}
