"""Settings of a run: their names and types, and config files.

A config is a TOML file whose keys are the names of the long options, so that ``--config`` and the options are the
same. Options on the command line override it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import UsageError, suggest

NAMED = (
    "source", "data", "layers", "activation", "learning_rate", "iterations", "seed", "initializer", "optimizer",
    "batch_size", "l2", "dropout", "engine", "device", "no_rows",
)  # fmt: skip
STREAM = (  # reading settings for a table larger than memory
    "delimiter", "decimal", "encoding", "header", "names", "missing", "date_order", "comment", "drop", "columns",
)  # fmt: skip
SHAPE = ("activation", "dropout", "weight_decay", "l2", "optimizer", "patience")  # and "layers"
DETECTED = ("delimiter", "decimal", "encoding", "header", "x", "y", "size", "grey", "strict")
READING = (
    *STREAM, "sheet", "table", "query", "x", "y", "size", "grey", "strict",
)  # fmt: skip
FILE = (
    "source", "sha256", "target", "task", "test", "cv", "split", "time", "group", "kinds", "model", "layers", "epochs", "members", "preset", "metric", "class_weight",
    "positive", "cost", "learning_rate", "batch_size", *SHAPE, "time_limit", "recipe", "device", "seed", "processes", "no_rows", *READING,
)  # fmt: skip
OF_THE_MACHINE = ("n_jobs",)  # options of a run on a file that do not change its result and are in no config
# The time of tomllib for a key grows with the square of its parts.
_DEEP_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')\s*\.\s*){50}""")
MOST_SEED = 2**32 - 1
_TEXT, _NUMBER, _COUNT, _TRUTH = "a text", "a number", "an integer", "true or false"
_SIZES, _TEXTS, _COLUMN = "integers", "a list of texts", "a column"
_TYPES: dict[str, tuple[type, ...]] = {
    _TEXT: (str, Path), _NUMBER: (int, float), _COUNT: (int,), _TRUTH: (bool,), _SIZES: (int, list), _TEXTS: (list,),
    _COLUMN: (str, int), "a file or a list of files": (str, Path, list), "a sheet": (str, int), "a fraction or a file": (str, int, float), "an integer or auto": (str, int), "a table of columns": (dict,),
    "balanced, or a table of classes": (str, dict), "a class": (str, int, float), "a table of fp and fn": (dict,),
}  # fmt: skip
# Allowed types of each setting; all others are texts.
_VALUES = {
    **dict.fromkeys(("learning_rate", "time_limit", "weight_decay", "l2", "dropout"), _NUMBER),
    **dict.fromkeys(("cv", "epochs", "batch_size", "iterations", "patience", "seed", "processes", "n_jobs"), _COUNT),
    **dict.fromkeys(("header", "grey", "strict", "no_rows"), _TRUTH),
    **dict.fromkeys(("layers", "size"), _SIZES),
    **dict.fromkeys(("target", "time", "group"), _COLUMN),
    **dict.fromkeys(("names", "missing", "drop", "columns"), _TEXTS),
    "source": "a file or a list of files", "sheet": "a sheet", "test": "a fraction or a file", "kinds": "a table of columns",
    "class_weight": "balanced, or a table of classes", "positive": "a class", "cost": "a table of fp and fn", "members": "an integer or auto",
}  # fmt: skip


def read_config(path: Path) -> dict[str, Any]:
    """Return the settings of a config.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UsageError
        If the file is not TOML, or has an unknown key.
    """
    from ..data.files import existing

    path = existing(path, "a config in TOML, like the config.toml of a run")
    if path.is_dir():
        raise UsageError(f"--config: expected a file, received the folder {path}; try {path / 'config.toml'}")
    try:
        settings = parse_config(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"--config: expected a TOML file, but {path} is none ({error}); see the config.toml of a run"
        ) from None
    settings.pop("ellayer", None)  # the version that wrote it
    known = {*NAMED, *FILE}
    for key in settings:
        if key not in known:
            raise UsageError(
                f"--config: {path} has the key {key!r}, which is not a setting{_near(key, known)}"
            )
    for key in ("source", "test"):
        if isinstance(settings.get(key), list):
            settings[key] = [find_source(part, path) for part in settings[key]]
        elif key in settings:
            settings[key] = find_source(settings[key], path)
    return settings


def parse_config(text: str) -> dict[str, Any]:
    """Return the values of a text in TOML, in a time that its length bounds.

    Raises
    ------
    ValueError, RecursionError
        For another text.
    """
    import tomllib

    if _DEEP_KEY.search(text):
        raise ValueError("a key of more than 50 parts")
    settings = tomllib.loads(text)
    repr(settings)  # fails for integers of thousands of digits, which no message could show
    return settings


def find_source(source: object, config: Path) -> object:
    """Return a path relative to the working directory, or else to the config's folder or one above it."""
    if not isinstance(source, str) or _exists(Path(source)):
        return source
    above = (folder / source for folder in config.resolve().parents)
    return next((str(path) for path in above if _exists(path)), source)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # an invalid file name
        return False


def _near(key: str, known: Iterable[str]) -> str:
    return "; " + suggest(key, known, f"the known ones are {', '.join(sorted(known))}")


def check_settings(settings: Mapping[str, Any], known: tuple[str, ...], kind: str) -> None:
    """Raise for a setting that a kind of run does not have, and for a value of the wrong type.

    Parameters
    ----------
    settings : mapping
        A value of None is the default.
    known : tuple of str
    kind : str
        The kind of run, for the message.

    Raises
    ------
    UsageError
    """
    for key, value in settings.items():
        if key not in known:
            options = ", ".join(option_name(name) for name in known if name not in ("source", "sha256"))
            raise UsageError(f"{option_name(key)} is not supported for {kind}; expected one of {options}")
        expected = _VALUES.get(key, _TEXT)
        if value is not None and not _fits(value, expected):
            raise UsageError(f"{option_name(key)}: expected {expected}, received {value!r}")
        if not _is_unicode(value):
            raise UsageError(
                f"{'FILE' if key == 'source' else option_name(key)}: expected a name in UTF-8, the encoding of config.toml, received {value!r}; rename the "
                "file, or set the locale that it was named in, such as LANG=C.UTF-8"
            )
    if not 0 <= (settings.get("seed") or 0) <= MOST_SEED:
        raise UsageError(f"--seed: expected an integer from 0 to {MOST_SEED}, received {settings['seed']}")
    check_learning_rate(settings.get("learning_rate"))


def _is_unicode(value: object) -> bool:
    """Return whether texts are without bytes of file names that Python could not decode."""
    if isinstance(value, (list, tuple)):
        return all(_is_unicode(item) for item in value)
    return not any("\ud800" <= letter <= "\udfff" for letter in str(value))


def _fits(value: object, expected: str) -> bool:
    if isinstance(value, (list, tuple)):
        item_type = {_SIZES: _COUNT, _TEXTS: _TEXT, "a file or a list of files": _TEXT}.get(expected)
        return item_type is not None and all(_fits(item, item_type) for item in value)
    if isinstance(value, int) and (isinstance(value, bool) != (expected == _TRUTH) or abs(value) >= 2**63):
        return False
    return isinstance(value, _TYPES[expected])


def check_source(source: str | Path | Sequence[str], expected: str, known: Sequence[str]) -> None:
    """Raise for a missing file or folder; patterns and several files are checked when read.

    Parameters
    ----------
    source : str, path, or sequence of str
    expected : str
        What the path should lead to, for the message.
    known : sequence of str
        Names that may have been meant instead.

    Raises
    ------
    EllayerError
    """
    from ..data.files import existing
    from ..data.sources import is_one_path

    if isinstance(source, (str, Path)) and is_one_path(source):
        existing(source, expected, known)


def shown_source(source: str | Path | Sequence[str]) -> str:
    """Return one file or several as text."""
    return ", ".join(source) if isinstance(source, list) else str(source)


def reader_options(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the settings that are options of reading as the arguments of ``read_examples``."""
    settings = settings or {}
    return {"na_values" if key == "missing" else key: settings[key] for key in READING if key in settings}


def option_name(key: str) -> str:
    """Return the command line option of a setting."""
    return "--kind" if key == "kinds" else f"--{key.replace('_', '-')}"


def check_learning_rate(rate: float | None) -> None:
    """Raise for an invalid learning rate."""
    if rate is not None and not 0 < rate < math.inf:
        raise UsageError(
            f"--learning-rate: expected a finite number above 0, received {rate}; try 0.1, or omit it"
        )


def as_list(sizes: int | Iterable[int]) -> list[int]:
    """Return one size or several as a list."""
    return [sizes] if isinstance(sizes, int) else list(sizes)


def read_activations(text: str) -> str | list[str]:
    """Return one activation, or the list of a text like "tanh,leaky_relu(0.1)".

    Examples
    --------
    >>> read_activations("tanh"), read_activations("tanh,leaky_relu(0.1)")
    ('tanh', ['tanh', 'leaky_relu(0.1)'])
    """
    names = [name.strip() for name in re.split(r",(?![^(]*\))", text)]
    return names[0] if len(names) == 1 else names


def write_config(path: Path, settings: Mapping[str, Any]) -> None:
    """Write a config that reproduces a run, atomically.

    Parameters
    ----------
    path : Path
    settings : mapping
        Settings that are None are omitted.
    """
    from ..storage.file_format import replacing

    with replacing(path) as partial:
        partial.write_text(config_text(settings), encoding="utf-8")


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

    known = {key: value for key, value in settings.items() if value is not None}
    plain = {key: value for key, value in known.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in known.items() if isinstance(value, dict) and value}
    return tomli_w.dumps({"ellayer": __version__, **plain, **tables})
