"""Conversion between the settings of a run and the parameters of a table estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import ParameterError, UsageError
from .config import SHAPE, as_list, option_name, read_activations
from .memory import check_memory

if TYPE_CHECKING:
    from ..estimators import TabularClassifier, TabularRegressor

    TableEstimator: TypeAlias = TabularClassifier | TabularRegressor

# Option -> parameter of the estimators.
PARAMETERS = {
    "layers": "hidden_layer_sizes", "epochs": "epochs", "members": "n_members", "preset": "preset", "metric": "metric",
    "class_weight": "class_weight", "positive": "positive", "cost": "cost", "learning_rate": "learning_rate", "batch_size": "batch_size",
    "time_limit": "time_limit", "recipe": "recipe", "device": "device", "kinds": "column_kinds", "seed": "random_state",
    **{name: name for name in ("model", "n_jobs", *SHAPE)},
}  # fmt: skip
OF_NETWORKS = (
    "layers", "epochs", "members", "preset", "learning_rate", "batch_size", "time_limit", "recipe", "device", *SHAPE,
)  # fmt: skip
MODELS = ("network", "linear", "boosting", "best")


def make_model(task: str, settings: Mapping[str, Any]) -> TableEstimator:
    """Return an unfitted estimator for a task, with the settings that are its parameters.

    Parameters
    ----------
    task : "classes" or "numbers"
    settings : mapping

    Raises
    ------
    UsageError
        If the estimator does not have a parameter, or its value is invalid.
    """
    from .._sklearn_compat import parameter_names, validate_parameters
    from ..estimators import TabularClassifier, TabularRegressor

    kind = TabularClassifier if task == "classes" else TabularRegressor
    options = {option: settings[option] for option in PARAMETERS if option in settings}
    _check_kind(options)
    for option in options:
        if PARAMETERS[option] not in parameter_names(kind):
            raise UsageError(
                f"{option_name(option)} is not supported for a target of {task}; omit it, or try --task "
                f"{'classes' if task == 'numbers' else 'numbers'}"
            )
    check_memory([1, *as_list(options.get("layers") or []), 1], m=1)
    if "activation" in options:
        options["activation"] = read_activations(options["activation"])
    model = kind(**{PARAMETERS[option]: value for option, value in options.items()})
    try:
        validate_parameters(model)
    except ParameterError as error:
        raise _usage_error(error) from None
    return model


def _check_kind(options: dict[str, Any]) -> None:
    """Refuse an unknown model, and options of networks for another one; the best begins with the network."""
    kind = options.get("model", "network")
    if kind not in MODELS:
        raise UsageError(f"--model: expected {', '.join(MODELS[:-1])} or {MODELS[-1]}, received {kind!r}")
    if kind == "best":
        options["model"] = "network"
    elif kind != "network" and (surplus := [name for name in OF_NETWORKS if name in options]):
        raise UsageError(
            f"{option_name(surplus[0])} is not supported with --model {kind}, which is no network; omit one of them"
        )


def _usage_error(error: ParameterError) -> UsageError:
    """Convert an error to one about the option instead of the parameter."""
    options = {parameter: option for option, parameter in PARAMETERS.items()}
    option = option_name(options.get(error.parameter, error.parameter))
    return UsageError(f"{option}: expected {error.expected}, received {error.received!r}")


def model_settings(model: TableEstimator) -> dict[str, Any]:
    """Return the parameters of a fitted model as settings, with the values chosen for the data."""
    parameters = model.get_params()
    settings = {option: _plain(parameters[name]) for option, name in PARAMETERS.items() if name in parameters}
    if settings.pop("model") != "network":
        return {option: value for option, value in settings.items() if option not in OF_NETWORKS}
    if settings["layers"] is None and model.network_ is not None:
        settings["layers"] = list(model.network_.layer_dims[1:-1])
    if isinstance(settings["activation"], list):
        settings["activation"] = ",".join(settings["activation"])
    return settings


def _plain(value: object) -> object:
    if isinstance(value, bool):  # a class; TOML would read it as another kind of setting
        return str(value)
    return list(value) if isinstance(value, tuple) else value
