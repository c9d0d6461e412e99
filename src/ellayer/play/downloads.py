"""The current run as a file: Python text, model, NumPy arrays, ONNX, picture and animation."""

from __future__ import annotations

import io
import math
import tempfile
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import EllayerError
from ..inspection.film import draw, gif
from ..storage import save, to_onnx
from .all_members import with_member
from .numpy_text import numpy_text
from .own_table import estimator_of_run, provenance_of_table

if TYPE_CHECKING:
    from ..engine.result import TrainingResult
    from .opening import TableModel
    from .run import Animation, Run
    from .session import Session

MILLISECONDS = 120  # of a step of the animation


@dataclass(frozen=True)
class Download:
    """A kind of file.

    Parameters
    ----------
    file : str
        Its name.
    media_type : str
    begin : callable
        Takes the session, in its thread, and returns a function that makes the content in another thread.
    """

    file: str
    media_type: str
    begin: Callable[[Session], Callable[[], bytes]]


def _python(session: Session) -> Callable[[], bytes]:
    return partial(str.encode, session.python())


def _model(session: Session) -> Callable[[], bytes]:
    model, provenance = _whole_model(session)
    return partial(_file_content, partial(save, model, provenance=provenance), "model.ellayer")


def _whole_model(session: Session) -> tuple[TrainingResult | TableModel, Mapping[str, object] | None]:
    """Return the run as a model, and its provenance: on the rows of a model of a table the whole model.

    On a table of the user it is an estimator where that can hold the network.
    """
    run, start = session.run, session.model.start
    rows, outputs = run.problem.rows.model, run.network.layer_dims[-1]
    if start and start.model and rows and rows.network.layer_dims[-1] == outputs:
        return _with_networks(start.model, run), start.provenance
    if (estimator := estimator_of_run(run)) is not None:
        return estimator, provenance_of_table(run, session.tables.get(session.state["data"]["source"]))
    classes = list(run.problem.classes)
    return run.result(), {"classes": classes} if classes else None


def _with_networks(table: TableModel, run: Run) -> TableModel:
    """Return a model of a table with the network of a run, in place of a member if it began as one, or alone."""
    member = run.state["network"]["member"]
    model = copy(table) if member is None else with_member(table, member, run)
    model.validation_score_ = math.nan  # no rows were held out from this training
    model.oof_prediction_ = np.full_like(table.oof_prediction_, np.nan)
    if member is not None:
        return model
    model.network_, model.members_ = run.network, [dict(run.parameters)]
    model.best_epochs_, model.average_inputs_, model.stopped_by_ = [0], [], "interrupted"
    for name, value in (("temperature_", 1.0), ("residuals_", np.zeros(0))):  # estimated for other networks
        if hasattr(table, name):
            setattr(model, name, value)
    return model


def _arrays(session: Session) -> Callable[[], bytes]:
    return partial(_npz, dict(session.run.parameters))


def _npz(parameters: dict[str, np.ndarray]) -> bytes:
    out = io.BytesIO()
    write: Callable[..., None] = np.savez
    write(out, **parameters)
    return out.getvalue()


def _numpy(session: Session) -> Callable[[], bytes]:
    return partial(str.encode, numpy_text(session.run.network, session.run.parameters))


def _onnx(session: Session) -> Callable[[], bytes]:
    return partial(_onnx_bytes, _whole_model(session)[0])


def _onnx_bytes(model: TrainingResult | TableModel) -> bytes:
    try:
        return to_onnx(model).SerializeToString()
    except ImportError as error:
        raise EllayerError(str(error)) from None


def _file_content(write: Callable[[Path], object], name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        write(path)
        return path.read_bytes()


def _picture(session: Session) -> Callable[[], bytes]:
    return partial(_png, session.run.animation)


def _png(animation: Animation) -> bytes:
    out = io.BytesIO()
    frames = animation.frames
    draw(animation.network, animation.X, animation.Y, frames, len(frames) - 1).save(out, "PNG", optimize=True)
    return out.getvalue()


def _film(session: Session) -> Callable[[], bytes]:
    return partial(_gif, session.run.animation)


def _gif(animation: Animation) -> bytes:
    frames = animation.frames
    return gif(
        [draw(animation.network, animation.X, animation.Y, frames, k) for k in range(len(frames))],
        MILLISECONDS,
    )


DOWNLOADS = {
    "python": Download("run.py", "text/plain; charset=utf-8", _python),
    "model.ellayer": Download("model.ellayer", "application/octet-stream", _model),
    "parameters.npz": Download("parameters.npz", "application/octet-stream", _arrays),
    "network.py": Download("network.py", "text/plain; charset=utf-8", _numpy),
    "model.onnx": Download("model.onnx", "application/octet-stream", _onnx),
    "picture.png": Download("picture.png", "image/png", _picture),
    "film.gif": Download("film.gif", "image/gif", _film),
}
