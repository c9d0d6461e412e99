"""The settings of a run: what the options say, what a config says, and the two together.

A config is a TOML file whose keys are the long options' names, so that ``--config`` and the options are
one thing. What stands on the command line wins.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import UsageError

NAMED = (
    "source", "data", "layers", "activation", "learning_rate", "iterations", "seed", "initializer", "optimizer",
    "batch_size", "l2", "dropout", "engine",
)  # fmt: skip
READING = ("delimiter", "decimal", "encoding", "header", "x", "y", "size", "grey", "strict")
FILE = (
    "source", "sha256", "target", "task", "test", "kinds", "layers", "epochs", "members", "metric", "class_weight",
    "learning_rate", "batch_size", "time_limit", "recipe", "seed", *READING,
)  # fmt: skip


def read_config(path: Path) -> dict[str, Any]:
    """Return the settings of a config.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict

    Raises
    ------
    BadInput
        For a file that is no TOML, or a key that no option has.
    """
    import tomllib

    from ..data.files import existing

    path = existing(path, "a config in TOML, like the config.toml of a run")
    if path.is_dir():
        raise UsageError(f"--config: expected a file, received the folder {path}; try {path / 'config.toml'}")
    try:
        with open(path, "rb") as file:
            settings = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--config: expected a file in TOML, but {path} is none ({error}); look at the config.toml of a run"
        ) from None
    settings.pop("ellayer", None)  # which version wrote it
    known = {*NAMED, *FILE}
    for key in settings:
        if key not in known:
            raise UsageError(f"--config: {path} has the key {key!r}, which is no setting{_near(key, known)}")
    for key in ("source", "test"):
        if key in settings:
            settings[key] = _found(settings[key], path)
    return settings


def _found(source: Any, config: Path) -> Any:
    """A path relative to here, or else to where the config lies, or to a folder above."""
    if not isinstance(source, str) or Path(source).exists():
        return source
    above = (folder / source for folder in config.resolve().parents)
    return next((str(path) for path in above if path.exists()), source)


def _near(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, sorted(known), 1)
    return f"; did you mean {near[0]!r}?" if near else f"; the known ones are {', '.join(sorted(known))}"


def check_keys(settings: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    """Refuse a setting that this kind of run does not have.

    Parameters
    ----------
    settings : mapping
    known : tuple of str
    what : str
        The kind of run, for the message.
    """
    for key in settings:
        if key not in known:
            options = ", ".join(option_name(name) for name in known if name not in ("source", "sha256"))
            raise UsageError(f"{option_name(key)} does not go with {what}; expected one of {options}")


def option_name(key: str) -> str:
    """Return the command line option of a setting."""
    return "--kind" if key == "kinds" else f"--{key.replace('_', '-')}"


def read_activations(text: str) -> str | list[str]:
    """Return one activation, or the list of a text like "tanh,leaky_relu(0.1)".

    Examples
    --------
    >>> read_activations("tanh"), read_activations("tanh,leaky_relu(0.1)")
    ('tanh', ['tanh', 'leaky_relu(0.1)'])
    """
    names = [name.strip() for name in re.split(r",(?![^(]*\))", text)]
    return names[0] if len(names) == 1 else names


def write_config(path: Path, settings: Mapping[str, Any]) -> str:
    """Write a config that repeats a run; return its text.

    Parameters
    ----------
    path : Path
    settings : mapping
        What is None is left out.

    Returns
    -------
    str
    """
    text = config_text(settings)
    path.write_text(text, encoding="utf-8")
    return text


def config_text(settings: Mapping[str, Any]) -> str:
    """Return settings as a config.

    Examples
    --------
    >>> print(config_text({"source": "a.csv", "layers": [64, 32], "epochs": None}))  # doctest: +ELLIPSIS
    ellayer = "..."
    source = "a.csv"
    layers = [
        64,
        32,
    ]
    <BLANKLINE>
    """
    import tomli_w

    from .. import __version__

    told = {key: value for key, value in settings.items() if value is not None}
    tables = {key: value for key, value in told.items() if isinstance(value, dict)}
    plain = {key: value for key, value in told.items() if key not in tables}
    return tomli_w.dumps({"ellayer": __version__, **plain, **{k: v for k, v in tables.items() if v}})
