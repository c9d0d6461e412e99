"""Inspection of networks and runs: traces, gradient checks, diagnosis, explanations."""

from .chain_notation import Factor
from .check_gradients import check_gradients
from .derivation import Derivation, derive
from .diagnosis import Diagnosis, diagnose
from .diagnosis_findings import Finding
from .diagnosis_input import LayerFigures
from .explain import Explanation, explain
from .gradient_check import GradientCheck, GradientRow, check_network
from .graph import ComputationGraph, computation_graph
from .graph_record import Node
from .precision import PrecisionAudit, PrecisionRow, precision_audit
from .saliency import Saliency, saliency
from .summary import Summary, summary
from .trace import Trace, trace
from .trace_cell import Cell
from .trace_record import Step
from .worksheet import Worksheet, worksheet

__all__ = [
    "Cell",
    "ComputationGraph",
    "Derivation",
    "Diagnosis",
    "Explanation",
    "Factor",
    "Finding",
    "GradientCheck",
    "GradientRow",
    "LayerFigures",
    "Node",
    "PrecisionAudit",
    "PrecisionRow",
    "Saliency",
    "Step",
    "Summary",
    "Trace",
    "Worksheet",
    "check_gradients",
    "check_network",
    "computation_graph",
    "derive",
    "diagnose",
    "explain",
    "precision_audit",
    "saliency",
    "summary",
    "trace",
    "worksheet",
]
