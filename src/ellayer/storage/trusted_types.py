"""The classes of a pickled estimator, by name, for libraries that load only what is named."""

from __future__ import annotations


def trusted_types() -> list[str]:
    """Names of the classes that a pickle or a skops file of a fitted estimator may contain.

    All of them hold data and run nothing when they are loaded. skops, and mlflow by default, refuse classes of other
    packages unless they are named: ``mlflow.sklearn.log_model(model, name="m",
    skops_trusted_types=ellayer.storage.trusted_types())``.

    Returns
    -------
    list of str

    Examples
    --------
    >>> "ellayer.core.network.Network" in trusted_types()
    True
    """
    from .. import estimators
    from ..core.inputs import Inputs
    from ..core.network import Network
    from ..engine.history import Columns, History
    from ..engine.state import TrainState
    from ..estimators.mlp.fit_state import FitState, Memory
    from ..tables.category_encoder import CategoryCodeEncoder
    from ..tables.encoders import ENCODERS
    from ..tables.ngrams import NgramFactors
    from ..tables.target_statistics import LevelStatistics
    from .model_file import ESTIMATORS

    models = [getattr(estimators, name) for name in (*ESTIMATORS, "TablePreparation")]
    parts = [
        Inputs,
        Network,
        Columns,
        History,
        TrainState,
        FitState,
        Memory,
        CategoryCodeEncoder,
        LevelStatistics,
        NgramFactors,
        *ENCODERS.values(),
    ]
    return sorted(f"{kind.__module__}.{kind.__qualname__}" for kind in (*models, *parts))
