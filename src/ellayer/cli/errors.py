"""How a command ends: exit codes and messages."""

from __future__ import annotations

import errno
import functools
from collections.abc import Callable
from typing import Any, TypeVar

import typer

DONE, CHECK_FAILED, BAD_INPUT, FAULT, INTERRUPTED = 0, 1, 2, 3, 130

Command = TypeVar("Command", bound=Callable[..., Any])


def answering(command: Command) -> Command:
    """Let a command end with an exit code and one message instead of a traceback.

    The command takes a ``debug`` argument; with it exceptions pass through. Data, settings and files
    that cannot be used end with code 2, Ctrl-C with 130, everything unforeseen with 3.
    """

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except KeyboardInterrupt:
            if options.get("debug"):
                raise
            _say("interrupted; nothing was written")
            raise typer.Exit(INTERRUPTED) from None
        except (ValueError, OSError, MemoryError) as error:
            if options.get("debug") or isinstance(error, BrokenPipeError):
                raise
            _say(_explain(error))
            raise typer.Exit(BAD_INPUT) from None
        except Exception as error:
            if options.get("debug") or isinstance(error, (typer.Exit, typer.Abort)):
                raise
            _say(
                f"a fault of ellayer, not of your input: {_explain(error)}\nRun again with --debug to see where."
            )
            raise typer.Exit(FAULT) from None

    return run  # type: ignore[return-value]


def _explain(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        full = error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
        return f"{error.strerror}{where}" + (
            "; free some space, or choose another place with --out" if full else ""
        )
    if isinstance(error, MemoryError):
        return "not enough memory for this network and this data; try fewer units or --batch-size"
    return str(error) or type(error).__name__


def _say(message: str) -> None:
    typer.echo(typer.style("ellayer: ", fg="red", bold=True) + message, err=True)
