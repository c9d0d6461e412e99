"""Signals end a command soon, with their exit code, without a traceback and without unfinished files."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

BEGIN = """
import hashlib, os, signal, sys, time
from pathlib import Path
from ellayer._unfinished import create_partial
from ellayer.cli import interrupts
from ellayer.cli.interrupts import interruptible
interrupts.PATIENCE = 30.0
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup sets otherwise
send = lambda: os.kill(os.getpid(), signal.{name})
with interruptible(), create_partial(Path("half.partial"), folder=True):
    Path("half.partial/file").touch()
"""
# How the code goes on after the signal; but for the busy ones, the exception must arrive.
BODIES = {
    "at once": "    send(); time.sleep(60)",
    "waiting for input": "    import threading; threading.Timer(0.1, send).start(); os.read(os.pipe()[0], 1)",
    "saves, then the second comes": """
    try: send(); time.sleep(60)
    except KeyboardInterrupt: send(); time.sleep(60)""",
    "busy in a library": """
    interrupts.PATIENCE = 0.3
    import threading; threading.Timer(0.1, send).start()
    hashlib.pbkdf2_hmac('sha256', b'', b'', (1 << 31) - 1)""",
    "lost in a callback": """
    class Loses:
        def __del__(self): send(); time.sleep(0)
    loses = Loses(); del loses
    time.sleep(60)""",
    "in an import that lets no exception out": """
    Path("late.py").write_text("import time\\ntry:\\n    time.sleep(0.3)\\nexcept BaseException:\\n    pass")
    sys.path.insert(0, os.getcwd()); sys.dont_write_bytecode = True
    import threading; threading.Timer(0.1, send).start()
    try: import late
    finally: os.unlink("late.py")
    time.sleep(60)""",
    "in an import that takes long": """
    interrupts.PATIENCE = 0.3
    Path("late.py").write_text("import time; time.sleep(60)")
    sys.path.insert(0, os.getcwd()); sys.dont_write_bytecode = True
    from ellayer import _unfinished; _unfinished._descriptors[Path("late.py")] = -1
    import threading; threading.Timer(0.1, send).start()
    import late""",
    "as another error": """
    try: send(); time.sleep(60)
    except KeyboardInterrupt: raise ImportError""",
    "as an exit": """
    try: send(); time.sleep(60)
    except KeyboardInterrupt: sys.exit(1)""",
}


def run(tmp_path, name, body):
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", BEGIN.format(name=name) + body], cwd=tmp_path, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
    return done, time.monotonic() - begin


@pytest.mark.parametrize("body", BODIES)
def test_a_signal_ends_the_command(tmp_path, body):
    done, seconds = run(tmp_path, "SIGINT", BODIES[body])
    assert done.returncode == 130, done.stderr
    assert seconds < 10  # two on a quiet machine


def test_an_import_before_anything_is_written_is_not_waited_for(tmp_path):
    (tmp_path / "late.py").write_text("import time; time.sleep(60)")
    code = """
import os, signal, sys, threading
from ellayer.cli import interrupts
interrupts.PATIENCE = 30.0
sys.path.insert(0, os.getcwd())
with interrupts.interruptible():
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    import late"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (130, "ellayer: interrupted\n")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_the_signals_of_batch_systems_have_their_own_code(tmp_path, name):
    done, _ = run(tmp_path, name, BODIES["at once"])
    assert done.returncode == 128 + getattr(signal, name)


def test_what_was_reached_in_time_is_a_success(tmp_path):
    body = """
    try: send(); time.sleep(60)
    except KeyboardInterrupt: print('saved')
    sys.exit(0)"""
    done, _ = run(tmp_path, "SIGINT", body)
    assert (done.returncode, done.stdout) == (0, "saved\n")


def test_an_ignored_signal_stays_ignored(tmp_path):
    done, _ = run(tmp_path, "SIGHUP", "    send(); sys.exit(3)")
    assert done.returncode == 129
    code = BEGIN.format(name="SIGHUP").replace(
        "with ", "signal.signal(signal.SIGHUP, signal.SIG_IGN)\nwith ", 1
    )
    command = [sys.executable, "-c", code + "    send(); sys.exit(3)"]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 3


def test_other_lost_exceptions_are_shown_as_ever(tmp_path):
    body = """
    class Fails:
        def __del__(self): raise ValueError('lost')
    fails = Fails(); del fails"""
    command = [sys.executable, "-c", BEGIN.format(name="SIGINT") + body]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "ValueError: lost" in done.stderr) == (0, True)


def test_a_signal_while_python_exits_changes_nothing(tmp_path):
    body = "    pass\nPath('half.partial').exists() or send()\nsys.exit(0)"
    done, _ = run(tmp_path, "SIGINT", body)
    assert done.returncode == 0


@pytest.mark.parametrize("options", [["--version"], ["no-such-command"]])
def test_the_program_ends_as_python_would(options):
    """Its exit code, the functions registered for the exit, and all output are kept."""
    code = f"import atexit, sys; from ellayer.cli import main; sys.argv[1:] = {options}; atexit.register(print, 'end')"
    command = [sys.executable, "-c", code + "; print('begin', end=' '); main()"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout[:5]) == (0 if options == ["--version"] else 2, "begin")
    assert done.stdout.endswith("end\n")
    assert "Traceback" not in done.stderr
