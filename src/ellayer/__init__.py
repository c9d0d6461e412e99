"""Ellayer: dense (L-layer) neural networks — the equations written once, trained fast, explained, shipped.

The public names are looked up when first used, so that ``import ellayer`` stays cheap. Public are the names in
``__all__`` of this package and of its packages ``callbacks``, ``core``, ``data``, ``distributed``, ``engine``, ``estimators``,
``inspection``, ``play``, ``plot``, ``report``, ``serve``, ``steps`` and ``storage``, and the modules of ``core`` and ``steps``. All else is private
(docs/decisions.md, "Public names").
"""

from __future__ import annotations

from ._lazy import lazy_names
from ._lost_threads import note_forks
from ._on_import import when_imported

__version__ = "0.1.0"

_HOMES = {
    "EllayerError": ".errors",
    "MLPClassifier": ".estimators.mlp.classifier",
    "MLPRegressor": ".estimators.mlp.regressor",
    "Network": ".core.network",
    "TablePreparation": ".tables.preparation",
    "TabularClassifier": ".estimators.tabular.classifier",
    "TabularRegressor": ".estimators.tabular.regressor",
    "TrainingResult": ".engine.result",
    "check_gradients": ".inspection.check_gradients",
    "computation_graph": ".inspection.graph",
    "derive": ".inspection.derivation",
    "diagnose": ".inspection.diagnosis",
    "explain": ".inspection.explain",
    "from_sklearn": ".estimators.mlp.from_sklearn",
    "initialize_parameters": ".core.initializers",
    "load": ".storage.model_file",
    "progress": "._progress",
    "precision_audit": ".inspection.precision",
    "saliency": ".inspection.saliency",
    "save": ".storage.model_file",
    "summary": ".inspection.summary",
    "to_onnx": ".storage.onnx.export",
    "trace": ".inspection.trace",
    "train": ".engine.train",
    "train_many": ".engine.train_many",
    "worksheet": ".inspection.worksheet",
}
__all__ = ["__version__", *_HOMES]

_PACKAGES = (
    "callbacks",
    "core",
    "data",
    "distributed",
    "engine",
    "estimators",
    "inspection",
    "play",
    "plot",
    "report",
    "serve",
    "steps",
    "storage",
)

__getattr__, __dir__ = lazy_names(__name__, _HOMES, _PACKAGES)

note_forks()
when_imported("skl2onnx", "ellayer.storage.onnx.skl2onnx", "register_skl2onnx")
