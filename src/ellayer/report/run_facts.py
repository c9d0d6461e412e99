"""Facts of one training run: the input of the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..inspection import Diagnosis


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of one model for the held-out rows.

    Parameters
    ----------
    name : str
        Like "the network" or "logistic regression".
    prediction : array, shape (m,)
        Labels or numbers.
    P : array, shape (m, K), optional
        Probabilities, one column per class, where the model has them.
    """

    name: str
    prediction: np.ndarray
    P: np.ndarray | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class RunFacts:
    """Facts of a run, as ``write_report`` shows them. Facts that are None or empty have no place on the page.

    Parameters
    ----------
    name : str
        Of the data.
    task : str
        "classes" or "numbers".
    target : str
        What is predicted.
    network : Network
    y : array, shape (m,)
        The truth of the held-out rows.
    models : list of Predictions
        On those rows: the network first, then what it is compared with.
    classes : list
        The labels, in the order of the columns of P.
    held_out_on : str
        What those rows are, like "test rows" or "rows held out while training".
    parameters : dict of arrays, optional
        For the picture of the network.
    members : int
        Networks whose mean is taken.
    history : History, optional
        Columns of lists: "iteration" or "epoch", "loss", "validation_loss" and others.
    best_epoch : int, optional
        Whose parameters were kept.
    source, command, config, created : str
        The file, the command that repeats the run, its settings as TOML, and when it ran.
    rows : dict of str to int
        Numbers of rows: "train", "validation", "test".
    columns : list of dict
        One per column of the data: name, kind, note, missing, distinct, shown.
    findings, notes : list of str
        What is odd in the data; what was done on the way.
    shown_rows : list of dict, optional
        The held-out rows as they are shown in the table of the largest mistakes.
    images : array, shape (m, h, w) or (m, h, w, 3), optional
        The held-out images, values in [0, 1].
    ids : list of str, optional
        Names of the held-out rows.
    importance : list of (str, float, float)
        Input, mean loss of the score when it is permuted, standard deviation.
    importance_of : str
        The score's name.
    weight_pictures : array, shape (units, h, w) or (units, h, w, 3), optional
        The first layer's weights, one picture per unit.
    diagnosis : Diagnosis, optional
    seconds : dict of str to float
        What took how long.
    versions : dict of str to str
    """

    name: str
    task: str
    target: str
    network: Any
    y: np.ndarray
    models: list[Predictions]
    classes: list = field(default_factory=list)
    held_out_on: str = "test rows"
    parameters: dict[str, np.ndarray] | None = None
    members: int = 1
    history: Any = None
    best_epoch: int | None = None
    source: str = ""
    command: str = ""
    config: str = ""
    created: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    columns: list[dict[str, Any]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shown_rows: list[dict[str, Any]] | None = None
    images: np.ndarray | None = None
    ids: list[str] | None = None
    importance: list[tuple[str, float, float]] = field(default_factory=list)
    importance_of: str = ""
    weight_pictures: np.ndarray | None = None
    diagnosis: Diagnosis | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
