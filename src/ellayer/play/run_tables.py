"""The table of a run among files: by its content, its name, or its columns."""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ..data import read_examples
from ..data.files import table_suffix
from ..errors import EllayerError
from ..runs.config import find_source
from ..runs.table_trainer import digest_of
from ..runs.training_rows import settings_of

if TYPE_CHECKING:
    from ..runs import SavedModel

MOST_FILES = 20  # that are read to find a table
MOST_BYTES = 400_000_000  # of all of them


def table_of_run(saved: SavedModel) -> str | None:
    """Return the path of the table that a model was trained on; None if there is none.

    Where it is not under its name, a file with the same content is taken that lies where it was or beside the run.
    """
    settings = settings_of(saved)
    table = find_source(settings.get("source", saved.provenance.get("source")), saved.path)
    if not isinstance(table, str):
        return None
    if Path(table).exists():
        return table
    digest = settings.get("sha256")
    if not digest:
        return None
    for file in islice(_beside(Path(table), saved.path), MOST_FILES):
        with suppress(OSError):  # a file that cannot be read is another one
            if digest_of(str(file)) == digest:
                return str(file)
    return None


def _beside(table: Path, model: Path) -> Iterator[Path]:
    """Return the files of the kind of a table in its folder, and in that of the run and the one above."""
    folders = dict.fromkeys([table.parent, model.parent, model.parent.parent])
    rest = MOST_BYTES
    for folder in folders:
        for file in sorted(folder.glob(f"*{table.suffix}")):
            size = file.stat().st_size if file.is_file() else math.inf
            if size <= rest:
                rest -= int(size)
                yield file


def choose_table(saved: SavedModel, tables: Mapping[str, bytes]) -> str | None:
    """Return which of several tables is that of a model; None if none is.

    It is the one with the same content, else with the same name, else the only one, else the first with its columns.

    Parameters
    ----------
    saved : SavedModel
    tables : mapping
        Contents by name, those nearest to the model first.
    """
    digest = settings_of(saved).get("sha256")
    same = [name for name, content in tables.items() if hashlib.sha256(content).hexdigest() == digest]
    known = Path(str(saved.provenance.get("source") or "")).name
    same = same or [name for name in tables if name.rpartition("/")[2] == known]
    same = same or ([*tables] if len(tables) == 1 else [])
    columns = {*saved.needed, saved.target}
    fitting = (name for name in [*tables][:MOST_FILES] if _columns_of(name, tables[name]) >= columns)
    return same[0] if same else next(fitting, None)


def _columns_of(name: str, content: bytes) -> set[str | None]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"table{table_suffix(name)}")
        path.write_bytes(content)
        try:
            X = read_examples(path).X
        except EllayerError:
            return set()
    return set(getattr(X, "columns", ()))
