"""Tables of SQLite and DuckDB database files, opened read-only: one table, or the rows of one query."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import polars as pl

from ..errors import suggest
from .errors import DataError
from .files import import_extra, name_list, printable
from .memory import check_memory
from .parquet import check_schema, check_texts, plain_numbers
from .python_values import check_value_memory, frame_of_values
from .read_options import ReadOptions
from .table_frame import TableFrame, check_names

_ROWS_AT_ONCE = 10_000
_LONGEST_VALUE = 1 << 24  # bytes of one text in SQLite
_STEPS_TO_SIGNALS = 1_000_000  # instructions of SQLite between two checks for Ctrl-C
_QUERY_EXAMPLE = 'one statement that reads, such as "SELECT * FROM visits WHERE year = 2024"'


def read_sqlite(path: Path, options: ReadOptions) -> TableFrame:
    """Read a table of an SQLite database, or the rows of a query.

    Raises
    ------
    DataError
        For a damaged file, no such table, several tables where none is named, and a query that does not only read.
    """
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    with (
        _explain_errors(path, "SQLite", sqlite3.Error, sqlite3.Warning, UnicodeDecodeError),
        closing(sqlite3.connect(uri, uri=True)) as file,
    ):
        file.text_factory = lambda text: text.decode("utf-8", "replace")
        rows = file.execute(
            "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        )
        stored = [
            StoredTable(name, _quote(name), kind == "view")
            for name, kind in rows
            if not name.startswith("sqlite_")
        ]
        query, reading = _choose(stored, options, path)
        _confine(file)
        cursor = file.execute(query)
        if cursor.description is None:
            raise _not_reading(query)
        columns = [printable(column[0]) for column in cursor.description]
        check_names(columns, str(path))
        values = list(_all_rows(cursor, len(columns), path))
    if not values:
        raise DataError(f"expected rows in {path}, received a table of 0 rows and {len(columns)} columns")
    frame, notes = frame_of_values(dict(zip(columns, zip(*values, strict=True), strict=True)), str(path))
    return TableFrame(frame, {"kind": "sqlite", **reading}, notes)


def _confine(file: sqlite3.Connection) -> None:
    """Allow only reading of tables, because views of the file and a query may contain any statement."""
    allowed = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
    file.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY)
    file.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    file.set_progress_handler(lambda: 0, _STEPS_TO_SIGNALS)


def _all_rows(cursor: sqlite3.Cursor, width: int, path: Path) -> Iterator[tuple[object, ...]]:
    """Return the rows of a query, whose number is not known before."""
    count = 0
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        count += len(rows)
        check_value_memory(count * width, f"{path}, more than {count:,} rows of {width} columns")
        yield from rows


def read_duckdb(path: Path, options: ReadOptions) -> TableFrame:
    """Read a table of a DuckDB database, or the rows of a query.

    Raises
    ------
    DataError
        As ``read_sqlite``; and where duckdb is not installed.
    """
    duckdb = import_extra("duckdb", "a DuckDB database", path)
    settings = {
        "enable_external_access": "false",  # a view of the file, or a query, could read any other file
        "autoload_known_extensions": "false",
        "autoinstall_known_extensions": "false",
        "lock_configuration": "true",
    }
    with (
        _explain_errors(path, "DuckDB", duckdb.Error),
        closing(duckdb.connect(str(path), read_only=True, config=settings)) as file,
    ):
        rows = file.execute(
            "SELECT schema_name, table_name, false FROM duckdb_tables() WHERE NOT internal UNION ALL "
            "SELECT schema_name, view_name, true FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
        ).fetchall()
        stored = [
            StoredTable(
                name if schema == "main" else f"{schema}.{name}", f"{_quote(schema)}.{_quote(name)}", is_view
            )
            for schema, name, is_view in rows
        ]
        query, reading = _choose(stored, options, path)
        statements = file.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise _not_reading(query)
        relation = file.sql(query)
        check_names(relation.columns, str(path))
        count = relation.count("*").fetchall()[0][0]
        check_memory(
            count * len(relation.columns), f"{path}, {count:,} rows of {len(relation.columns)} columns,"
        )
        frame = pl.DataFrame(relation)
    check_schema(frame.schema, count, path)
    check_texts(frame, path)
    return TableFrame(plain_numbers(frame), {"kind": "duckdb", **reading}, [])


@dataclass(frozen=True)
class StoredTable:
    """A table or view of a database: its name, the same as SQL writes it, and whether it is a view."""

    name: str
    sql: str
    is_view: bool


def _choose(stored: Sequence[StoredTable], options: ReadOptions, path: Path) -> tuple[str, dict[str, str]]:
    """Return the query to run, and the option that selects it in the reading."""
    if options.table is not None and options.query is not None:
        raise DataError("query: expected none with table, received both; omit one")
    is_open = options.table is None and options.query is None
    query = options.reading.get("query") if is_open else options.query
    if query is not None:
        return query, {"query": query}
    known = {table.name: table for table in stored}
    tables = [table.name for table in stored if not table.is_view]
    name = options.reading.get("table") if is_open else options.table
    if is_open and name not in known:
        if len(tables) != 1:
            raise DataError(
                f"table: expected the name of one of the {len(tables)} tables of {path}, received none; name it with "
                f"table=NAME (--table NAME), or give a query (--query); there are {name_list(list(known))}"
            )
        name = tables[0]
    if name not in known:
        advice = suggest(str(name), known, f"there are {name_list(list(known))}")
        raise DataError(f"table: expected a table of {path}, received {name!r}; {advice}")
    return f"SELECT * FROM {known[name].sql}", {"table": name}


def _quote(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _not_reading(query: str) -> DataError:
    return DataError(f"query: expected {_QUERY_EXAMPLE}, received {query[:200]!r}")


@contextmanager
def _explain_errors(path: Path, kind: str, *errors: type[Exception]) -> Iterator[None]:
    """Turn errors of a database library into one with advice."""
    try:
        yield
    except DataError:
        raise
    except errors as error:
        reason = printable(str(error).splitlines()[0]) if str(error) else type(error).__name__
        advice = "fetch the file again if it is damaged, or correct the query"
        if "version number" in reason:
            advice = "a newer version wrote it: pip install --upgrade duckdb"
        raise DataError(f"expected {kind} to read {path}, but it says: {reason}; {advice}") from error
