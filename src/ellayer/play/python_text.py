"""A run as lines of Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from .run import Run

_DEFAULTS: Mapping[str, object] = {
    "optimizer": "gd", "schedule": "constant", "batch_size": None, "l2": 0.0, "l1": 0.0, "dropout": 0.0, "seed": 0,
    "learning_rate_factors": None,
}  # fmt: skip


def python_text(run: Run, start: str = "") -> str:
    """Return the lines of Python that give the same parameters, to the bit.

    Parameters
    ----------
    run : Run
    start : str, optional
        The parameters that the run started from, as an expression, if they are those of a model.
    """
    network = run.network
    hidden = [layer["activation"] for layer in run.state["network"]["hidden"]]
    lines = [
        "import numpy as np",
        "",
        "import ellayer",
        "",
        *run.problem.code,
        *run.problem.one_hot_code(network),
        "",
    ]
    more = ", parametric=True" if network.parametric else ""
    more += f", inputs={asdict(network.inputs)}" if network.inputs is not None else ""
    lines.append(f"network = ellayer.Network({list(network.layer_dims)}, {hidden}, {network.loss!r}{more})")
    if run.start is None:
        settings = run.state["network"]
        arguments = f"network, {settings['initializer']!r}, seed={settings['seed']}"
        lines.append(f"parameters = ellayer.initialize_parameters({arguments})")
    else:
        if start.startswith("model"):
            lines.append("# model: the one passed to ellayer.play")
        lines.append(f"parameters = {{name: theta.astype(float) for name, theta in {start}.items()}}")
    options = {name: value for name, value in run.options.items() if _differs(name, value, run)}
    arguments = ", ".join(f"{name}={value!r}" for name, value in options.items() if name != "batch_size")
    lines.append(f"settings = dict({arguments})")
    lines.append("")
    return "\n".join([*lines, *_part_lines(run)]) + "\n"


def _differs(name: str, value: object, run: Run) -> bool:
    if name == "schedule_length":
        return run.options["schedule"] != "constant"
    if name == "weight_decay":
        return bool(value) or run.options["optimizer"].startswith("adamw")
    return name not in _DEFAULTS or _DEFAULTS[name] != value


def _part_lines(run: Run) -> list[str]:
    """Return the lines that do the updates and edits of a run."""
    lines, state = [], None
    for part in run.parts:
        if part.edit is not None:
            name, row, column, value = part.edit
            lines.append(
                f"{'parameters' if state is None else 'state.parameters'}[{name!r}][{row}, {column}] = {value!r}"
            )
            continue
        size = "" if part.batch_size is None else f", batch_size={part.batch_size}"
        begin = "parameters=parameters" if state is None else "state=state"
        lines.append(
            f"state = ellayer.train(network, X, Y, {begin}, num_iterations={part.count}{size}, **settings).state"
        )
        state = "state"
    if state is not None:
        lines.append("parameters = state.parameters")
    return lines
