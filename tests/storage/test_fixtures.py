"""Files written by every format version so far stay readable, and mean the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import ellayer
from ellayer.storage import ModelFileError, load_checkpoint
from ellayer.storage.file_format import FORMAT_VERSION

FOLDER = Path(__file__).with_name("fixtures")
VERSIONS = sorted({int(re.match(r"v(\d+)_", path.name)[1]) for path in FOLDER.glob("v*_*.ellayer")})
X = np.array([[0.0, 1.0, -1.0, 0.5], [0.25, -0.5, 2.0, 1.0]])


def test_the_writers_version_is_the_newest_fixtures():
    assert list(range(1, FORMAT_VERSION + 1)) == VERSIONS, (
        "run tests/storage/make_fixtures.py for a new version"
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_is_read_as_it_was_meant(version):
    expected = json.loads((FOLDER / f"v{version}_expected.json").read_text())
    network, parameters = ellayer.load(FOLDER / f"v{version}_network.ellayer")
    result = ellayer.load(FOLDER / f"v{version}_result.ellayer")
    state = load_checkpoint(FOLDER / f"v{version}_checkpoint.ellayer")
    AL = ellayer.core.L_model_forward(X, parameters, network)[0]
    for received in (AL, result.predict_proba(X)):
        np.testing.assert_allclose(received, expected["AL"], rtol=1e-12)
    assert network.activations == ("leaky_relu(slope=0.1)", "sigmoid")
    assert result.costs == expected["costs"] == result.history["loss"]
    assert (state.step, state.seed) == (expected["step"], 4)
    assert set(state.optimizer_state) == {"v", "s"}
    more = ellayer.train(network, X, np.array([0, 1, 0, 1]), optimizer="adam", num_iterations=1, state=state)
    assert more.state.step == expected["step"] + 1


@pytest.mark.parametrize("version", VERSIONS)
def test_a_versions_estimators_predict_as_they_did(version):
    expected = json.loads((FOLDER / f"v{version}_expected.json").read_text())
    classifier = ellayer.load(FOLDER / f"v{version}_classifier.ellayer")
    assert classifier.predict(X.T).tolist() == expected["labels"]
    np.testing.assert_allclose(classifier.predict_proba(X.T), expected["probabilities"], rtol=1e-12)
    assert classifier.loss_curve_ == expected["loss_curve"]
    assert classifier.get_params()["hidden_layer_sizes"] == (3,)
    regressor = ellayer.load(FOLDER / f"v{version}_regressor.ellayer")
    np.testing.assert_allclose(regressor.predict(X.T), expected["numbers"], rtol=1e-12)


def test_a_version_1_file_of_standardised_inputs_takes_them_as_they_are(tmp_path):
    """Such a file keeps mean and scale in its provenance, and nobody but the command line applied them."""
    expected = json.loads((FOLDER / "v1_standardised.json").read_text())
    path = FOLDER / "v1_standardised.ellayer"
    result = ellayer.load(path)
    np.testing.assert_allclose(result.predict_proba(np.array(expected["X"])), expected["AL"], rtol=1e-12)
    provenance = ellayer.storage.read_provenance(path)
    assert provenance["source"] == "iris"
    assert "standardise" not in provenance
    ellayer.save(result, tmp_path / "again.ellayer", provenance=provenance)
    again = ellayer.load(tmp_path / "again.ellayer").predict_proba(np.array(expected["X"]))
    assert np.array_equal(again, result.predict_proba(np.array(expected["X"])))


def test_the_old_key_is_refused_in_new_files(tmp_path):
    network = ellayer.Network([2, 1])
    model = (network, ellayer.initialize_parameters(network))
    rule = {"mean": [0.0, 1.0], "scale": [1.0, 2.0]}
    with pytest.raises(ModelFileError, match="fold the scaling into the first layer"):
        ellayer.save(model, tmp_path / "m.ellayer", provenance={"standardise": rule})
    assert not (tmp_path / "m.ellayer").exists()
