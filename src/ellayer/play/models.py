"""Openings of a page: a named set, a file, a model, the folder of a run, or a result of Python."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._wording import quoted_list
from ..core.network import Network
from ..data.planar import PLANE
from ..engine.model import Model, unpack_model
from ..engine.state import Parameters
from ..errors import EllayerError, UsageError
from .messages import JsonObject
from .model_cards import model_card, why_not
from .opening import Opening, ReadOnlyModel, StartModel, network_state
from .problem import make_problem
from .state import TABLES, normal_form
from .tables import MODEL_SUFFIX, GivenArrays, GivenFile, SessionTables, Source, has_table_suffix

if TYPE_CHECKING:
    from ..runs import SavedModel

BY_SHAPE = {  # (inputs, classes): a set to show a model on; 0 classes for numbers
    (2, 2): "flower", (2, 4): "four_clouds", (2, 0): "waves", (4, 3): "iris", (30, 2): "breast_cancer", (64, 10): "digits",
}  # fmt: skip


def opening_of_source(source: str | None, target: str | None) -> Opening:
    """Return the opening of ``ellayer play SOURCE``.

    Parameters
    ----------
    source : str or None
        The name of a data set, a file, a model file or the folder of a run.
    target : str or None
        The column to predict, for a file.
    """
    if source is None or source in (*PLANE, *TABLES):
        if target is not None:
            raise UsageError("--target: expected none without a file, received a column; name the file")
        return Opening({} if source is None else {"data": {"source": source}})
    path = Path(source)
    if (path.is_dir() and (path / "model.ellayer").is_file()) or path.suffix == MODEL_SUFFIX:
        from ..runs import open_model

        return opening_of_saved(open_model(path), source)
    if not path.exists():
        known = ", ".join((*PLANE, *TABLES))
        raise UsageError(
            f"source: expected a file, a model, the folder of a run or one of {known}; received {source!r}"
        )
    file = GivenFile(path, path.name, source)
    if target is None and path.is_file():
        columns = file.describe()["columns"]
        assert isinstance(columns, list)
        names = ", ".join(str(column["name"]) for column in columns[:20])
        raise UsageError(f"--target: expected the column to predict, received none; the columns are {names}")
    data = {"source": "upload:file", "target": target or ""}
    training = {"optimizer": "adam", "learning_rate": 0.01, "batch_size": 256}
    network = {"hidden": [{"units": 8, "activation": "relu"}], "initializer": "auto"}
    state: JsonObject = {"data": data, "training": training, "network": network}
    tables = {"upload:file": file}
    # before the page opens: refuses a wrong target
    make_problem(normal_form(state)["data"], SessionTables(tables))
    return Opening(state, tables=tables)


def opening_of_saved(saved: SavedModel, source: str) -> Opening:
    """Return the opening of a model file or the folder of a run, with the data that its provenance names.

    Parameters
    ----------
    saved : SavedModel
    source : str
        Its path, as given.
    """
    named = saved.provenance.get("source")
    named = named if isinstance(named, str) else ""
    if not saved.prepares_tables:
        known = named if named in (*PLANE, *TABLES) else None
        return opening_of_model(saved.model, f"ellayer.load({source!r})", known, name=source)
    from .run_tables import table_of_run
    from .table_models import TableFile, open_alone, open_with_table

    table = table_of_run(saved)
    if table is None or saved.model.network_ is None:
        return open_alone(saved, source)
    return open_with_table(saved, TableFile(Path(table), Path(table).name, table, source, is_upload=False))


def opening_of_files(files: Mapping[str, bytes], tables: SessionTables) -> Opening:
    """Return the opening of uploaded files: a model file, and possibly its table.

    Parameters
    ----------
    files : mapping
        Content by name; of a name with folders only the last part counts, and only to choose.
    tables : SessionTables
        Keeps the table.

    Raises
    ------
    EllayerError
        If there is no model file, or one of the two cannot be read.
    """
    names = sorted(files, key=lambda name: (name.count("/"), name))
    models = [name for name in names if name.lower().endswith(MODEL_SUFFIX)]
    if not models:
        raise EllayerError(
            f"files: expected a model file ({MODEL_SUFFIX}) among them, received {quoted_list(names)}; drop the folder of a run"
        )
    saved = read_saved(files[models[0]])
    name = models[0].rpartition("/")[2]
    if not saved.prepares_tables:
        return opening_of_saved(saved, name)
    from .run_tables import choose_table
    from .table_models import open_alone

    chosen = choose_table(saved, {one: files[one] for one in names if has_table_suffix(one)})
    if chosen is None:
        return open_alone(saved, name)
    source = str(tables.add(chosen.rpartition("/")[2], files[chosen])["source"])
    return opening_on_upload(saved, name, tables.get(source))


def opening_on_upload(saved: SavedModel, name: str, table: Source) -> Opening:
    """Return the opening of a model on an uploaded table."""
    from .table_models import TableFile, open_with_table

    if not isinstance(table, GivenFile):
        raise EllayerError("source: expected an uploaded table, received another source")
    return open_with_table(saved, TableFile(table.path, table.name, table.written, name, is_upload=True))


def read_saved(body: bytes) -> SavedModel:
    """Return the model of the bytes of a model file."""
    from ..runs import open_model

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.ellayer")
        path.write_bytes(body)
        try:
            saved = open_model(path)
        except EllayerError as error:
            raise EllayerError(str(error).replace(str(path), "the file")) from None
    return replace(saved, path=Path("model.ellayer"))


def opening_of_model(
    model: Model | tuple[Network, Mapping[str, Any]],
    expression: str,
    source: str | None,
    arrays: tuple[np.ndarray, np.ndarray] | None = None,
    name: str = "model",
) -> Opening:
    """Return the opening of a model of numbers, to inspect and to train further.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), or a fitted MLP estimator
    expression : str
        The model in the Python text.
    source : str or None
        The data set it was trained on; by default one of its shape.
    arrays : (X, Y), optional
        Examples as columns.
    name : str
        Of its file.
    """
    parts = unpack_model(model)
    network, card, why = parts.network, model_card(name, parts), why_not(parts, is_table=False)
    parameters: Parameters = {}
    if network is not None:
        parameters = {key: np.asarray(theta, np.float64) for key, theta in parts.member_parameters[0].items()}
    if network is None or why:
        return Opening(read_only=ReadOnlyModel(card, why, network, parameters))
    classes = 0 if parts.target_kind == "numbers" else max(2, network.layer_dims[-1])
    tables = {}
    if arrays is not None:
        source = "upload:given"
        tables = {source: GivenArrays(*arrays, numbers=not classes)}
    source = source or BY_SHAPE.get((network.layer_dims[0], classes))
    if source is None:
        why = "It needs its examples to go on, for no data set of the page has its shape: ellayer.play(model, X, Y)."
        return Opening(read_only=ReadOnlyModel(card, why, network, parameters))
    is_pair = isinstance(model, tuple)
    own = "[1]" if is_pair else ".model_parts().member_parameters"
    part = network_state(network)
    state: JsonObject = {
        "data": {"source": source, "scale": False, "test_fraction": 0.0 if arrays is not None else 0.2},
        "network": {**part, "member": 0},
        "training": {"loss": network.loss},
    }
    start = StartModel(
        members=[parameters],
        network=part,
        loss=network.loss,
        expression=f"{expression}{own}",
        is_indexed=not is_pair,
        card=card,
    )
    return Opening(state, start, tables=tables)
