"""Tables in JSON: a list of records, or a record on each line."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from .._wording import pluralize, quoted_list
from .errors import DataError
from .files import printable
from .python_values import check_value_memory, frame_of_values
from .read_options import ReadOptions
from .table_frame import TableFrame, check_names
from .text.decode import TextFile

Record = dict[str, object]

_EXAMPLE = '[{"a": 1, "b": "x"}, ...], or a record on each line'


def read_json(path: Path, options: ReadOptions) -> TableFrame:
    """Read records, plain or compressed with gzip; a name that a record lacks is missing there.

    Raises
    ------
    DataError
        For damaged JSON, values in values, a name twice in a record, and what is no list of records.
    """
    file = TextFile(path, options.encoding, None)
    text = b"".join(file.blocks())
    records = _records(text, path)
    names = dict.fromkeys(name for record in records for name in record)
    if not names:
        raise DataError(f"expected records such as {_EXAMPLE} in {path}, received none; add rows")
    check_value_memory(len(records) * len(names), f"{path}, {len(records):,} records of {len(names)} names")
    printable_names = {name: printable(name) for name in names}
    check_names(list(printable_names.values()), str(path))
    columns = {printable_names[name]: [record.get(name) for record in records] for name in names}
    frame, notes = frame_of_values(columns, str(path))
    short = sum(len(record) < len(names) for record in records)
    if short:
        notes.append(f"{pluralize(short, 'record')} without some of the names; missing there")
    return TableFrame(frame, {"kind": "json", "encoding": file.encoding}, [*file.notes, *notes])


def _records(text: bytes, path: Path) -> list[Record]:
    """Return the records of a text: of one list, or one on each line."""
    try:
        content = _parse(text, str(path))
    except DataError as error:
        if getattr(error.__cause__, "msg", "") != "Extra data":
            raise
        lines = [(i, line) for i, line in enumerate(text.split(b"\n"), start=1) if line.strip()]
        content = [_parse(line, f"line {i} of {path}") for i, line in lines]
    if isinstance(content, dict) and any(isinstance(value, (dict, list)) for value in content.values()):
        raise _not_records(path, f"one object with the names {quoted_list(content)}")
    entries = content if isinstance(content, list) else [content]
    strange = next((entry for entry in entries if not isinstance(entry, dict)), None)
    records = [entry for entry in entries if isinstance(entry, dict)]
    if len(records) < len(entries):
        raise _not_records(path, f"a {type(strange).__name__} among them")
    return records


def _parse(text: bytes, where: str) -> object:
    """Return the value of a text in JSON."""
    try:
        return json.loads(text, object_pairs_hook=_record)
    except DataError as error:
        raise DataError(f"expected each name once in a record, but {where} holds {error} twice") from None
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"expected whole JSON, but {where} is truncated or damaged ({error}); fetch or write it again"
        ) from error


def _record(pairs: list[tuple[str, object]]) -> Record:
    """Return an object of JSON, refused if a name occurs twice in it."""
    record = dict(pairs)
    if len(record) < len(pairs):
        raise DataError(repr(Counter(name for name, _ in pairs).most_common(1)[0][0]))
    return record


def _not_records(path: Path, received: str) -> DataError:
    return DataError(
        f"expected records such as {_EXAMPLE} in {path}, received {received}; write it so, "
        "with pandas frame.to_json(path, orient='records')"
    )
