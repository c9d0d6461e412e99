"""Exit codes and error messages of the commands."""

from __future__ import annotations

import errno
import functools
import logging
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import typer

from ..errors import EllayerError
from .visible import visible

ADDRESS_SPACE = 1_200_000_000  # bytes: what the libraries map and a small command
DONE, CHECK_FAILED, BAD_INPUT, FAULT, INTERRUPTED = 0, 1, 2, 3, 130

Command = TypeVar("Command", bound=Callable[..., Any])


def handle_errors(command: Command) -> Command:
    """Let a command end with an exit code and one message instead of a traceback.

    An ``EllayerError``, an error of the operating system and a lack of memory are bad input: code 2. Ctrl-C is 130.
    Any other exception is a bug in ellayer: code 3, and the message mentions ``--debug``, which shows
    tracebacks.

    Parameters
    ----------
    command : callable
        Takes an argument ``debug``.
    """

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            _check_address_space()
            # It warns of a home that cannot be written and of fonts that are missing.
            logging.getLogger("matplotlib").setLevel(logging.ERROR)
            return command(*args, **options)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except BaseException as error:
            if options.get("debug") or not isinstance(error, (Exception, KeyboardInterrupt)):
                raise
            code, message = _ending(error)
            typer.echo(typer.style("ellayer: ", fg="red", bold=True) + visible(message), err=True)
            raise typer.Exit(code) from None

    return run  # type: ignore[return-value]


def _check_address_space() -> None:
    """Refuse a limit within which the libraries cannot be loaded: some of them end the process without a message."""
    if sys.platform == "win32":
        return
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < ADDRESS_SPACE:
        raise EllayerError(
            f"ulimit -v: expected at least {ADDRESS_SPACE // 1000} kB of memory, received {limit // 1000} kB, in which the "
            "libraries cannot be loaded; raise the limit of this shell or of this job"
        )


def _ending(error: BaseException) -> tuple[int, str]:
    """Return the exit code and the message for an exception."""
    if (interrupt := _interrupt(error)) is not None:
        return INTERRUPTED, str(interrupt) or "interrupted; nothing was written"
    if isinstance(error, MemoryError):
        return BAD_INPUT, "not enough memory for this network and this data; try fewer units or --batch-size"
    if isinstance(error, EllayerError):
        return BAD_INPUT, _text(error)
    if isinstance(error, OSError):
        return BAD_INPUT, _text(error) + _remedy(error)
    return (
        FAULT,
        f"a bug in ellayer, not an error in your input: {_text(error)}\nRun again with --debug to see where.",
    )


def _interrupt(error: BaseException | None) -> KeyboardInterrupt | None:
    """Return the Ctrl-C that a library has turned into another exception, such as an ``ImportError``."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error


def _text(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _remedy(error: OSError) -> str:
    full = error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
    return "; free some space, or choose another place with --out" if full else ""
