"""Pure mathematics: arrays in, arrays out. No state, no files, no imports from other packages."""

from .activations import ACTIVATIONS, Activation
from .initializers import INITIALIZERS, Initializer, initialize_parameters
from .inputs import Inputs
from .losses import LOSSES, Loss
from .network import Network
from .optimizers import OPTIMIZERS, Optimizer
from .propagation import (
    Cache,
    L_model_backward,
    L_model_forward,
    compute_cost,
    linear_activation_backward,
    linear_activation_forward,
    linear_backward,
    linear_forward,
    relative_weights,
    update_parameters,
)
from .schedules import SCHEDULES, Schedule

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "LOSSES",
    "OPTIMIZERS",
    "SCHEDULES",
    "Activation",
    "Cache",
    "Initializer",
    "Inputs",
    "L_model_backward",
    "L_model_forward",
    "Loss",
    "Network",
    "Optimizer",
    "Schedule",
    "compute_cost",
    "initialize_parameters",
    "linear_activation_backward",
    "linear_activation_forward",
    "linear_backward",
    "linear_forward",
    "relative_weights",
    "update_parameters",
]
