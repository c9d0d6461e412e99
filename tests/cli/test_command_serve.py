"""``ellayer serve``: it starts, answers, ends by a signal, and refuses what it cannot serve."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest


def start(program, model, port=0):
    """Start the program on a port, and return its process and address."""
    process = subprocess.Popen(
        [program, "serve", f"people={model}", "--port", str(port), "--quiet"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    return process, process.stdout.readline().strip()


def label(address):
    """Return the prediction for a row."""
    body = json.dumps({"dataframe_records": [{"age": 31, "town": "Ulm", "same": 1}]}).encode()
    request = urllib.request.Request(f"{address}/invocations", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["predictions"][0]


def test_the_program_serves_until_ctrl_c_and_again_after_a_kill(program, model_files):
    model = model_files["table"][0]
    process, address = start(program, model)
    port = int(address.rpartition(":")[2])
    try:
        first = label(address)
        with socket.create_connection(
            ("127.0.0.1", port)
        ) as waiting:  # a connection that outlives the server
            waiting.sendall(b"POST /invocations HTTP/1.1\r\n")
            process.kill()
            process.communicate(timeout=30)
            process, again = start(program, model, port)
        assert again == address
        assert label(address) == first in ("yes", "no")
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert error == "ellayer: the server has stopped\n"
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=2).close()


def test_a_port_in_use_and_an_unknown_address(ellayer, model_files):
    model = model_files["table"][0]
    with socket.create_server(("127.0.0.1", 0)) as other:
        answer = ellayer("serve", model, "--port", other.getsockname()[1])
    assert (answer.returncode, "which is in use; try another port, or 0" in answer.stderr) == (2, True)
    answer = ellayer("serve", model, "--host", "192.0.2.1")
    assert (answer.returncode, "expected an address of this machine" in answer.stderr) == (2, True)
    assert ellayer("serve", "absent.ellayer").returncode == 2
    assert ellayer("serve", model, "--port", "99999").returncode == 2


def test_a_dockerfile_names_the_models(ellayer, model_files):
    answer = ellayer(
        "serve", f"a={model_files['table'][0]}", f"b={model_files['numbers'][0]}", "--dockerfile"
    )
    assert answer.returncode == 0
    lines = answer.stdout.splitlines()
    assert lines[0].startswith("FROM python:")
    assert sum(line.startswith("COPY") for line in lines) == 2
    command = json.loads(lines[-1].removeprefix("CMD "))
    assert command[:4] == ["ellayer", "serve", "a=/models/a.ellayer", "b=/models/b.ellayer"]


def test_a_missing_library_is_named(ellayer, model_files, monkeypatch):
    monkeypatch.setattr("ellayer.serve.errors.find_spec", lambda name: None if name == "uvicorn" else sys)
    answer = ellayer("serve", model_files["table"][0])
    assert (answer.returncode, "pip install 'ellayer[serve]'" in answer.stderr) == (2, True)
