"""Clients of others against ``ellayer serve``: Triton's, MLflow's, and curl."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ellayer

ROWS = pd.DataFrame({"age": [31.0, np.nan, 47.5], "town": ["Bern", "Ulm", "Graz"]})


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Return the address of a running server, and the labels it should predict."""
    random = np.random.RandomState(0)
    table = pd.DataFrame(
        {"age": random.uniform(20, 60, 60), "town": random.choice(["Bern", "Ulm", "Graz"], 60)}
    )
    model = ellayer.TabularClassifier(epochs=2, hidden_layer_sizes=(4,), n_members=1, random_state=0)
    model.fit(table, np.where(table.town == "Ulm", "yes", "no"))
    file = tmp_path_factory.mktemp("served") / "people.ellayer"
    ellayer.save(model, file)
    command = [Path(sys.executable).parent / "ellayer", "serve", file, "--port", "0", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip(), model.predict(ROWS).tolist()
        process.terminate()


@pytest.mark.parametrize("is_binary", [True, False])
def test_the_client_of_triton(served, is_binary):
    http = pytest.importorskip("tritonclient.http")
    address, expected = served
    client = http.InferenceServerClient(address.removeprefix("http://"))
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("people")
    metadata = client.get_model_metadata("people")
    kinds = {entry["name"]: entry["datatype"] for entry in metadata["inputs"]}
    inputs = []
    for name, kind in kinds.items():
        values = ROWS[name].to_numpy(np.object_ if kind == "BYTES" else np.float64)
        inputs.append(http.InferInput(name, [len(ROWS)], kind))
        inputs[-1].set_data_from_numpy(values, binary_data=is_binary)
    outputs = [http.InferRequestedOutput("prediction", binary_data=is_binary)]
    answer = client.infer("people", inputs, outputs=outputs, request_id="1")
    labels = [x.decode() if isinstance(x, bytes) else x for x in answer.as_numpy("prediction").tolist()]
    assert labels == expected
    client.close()


def test_the_scoring_client_of_mlflow(served):
    client = pytest.importorskip("mlflow.pyfunc.scoring_server.client")
    address, expected = served
    scoring = client.ScoringServerClient("127.0.0.1", int(address.rpartition(":")[2]))
    scoring.ping()
    rows = ROWS.astype(object).where(ROWS.notna(), None)
    assert scoring.invoke(rows).get_predictions()[0].tolist() == expected


def test_curl(served):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    address, expected = served
    body = ROWS.to_csv(index=False)
    answer = subprocess.run(
        ["curl", "-sS", "--fail", "-H", "Content-Type: text/csv", "--data-binary", "@-", f"{address}/invocations"],
        input=body, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(answer.stdout)["predictions"] == expected
