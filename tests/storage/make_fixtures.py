"""Write the fixtures of the current format version: python tests/storage/make_fixtures.py.

Run once when the version is raised, never again: the files stand for what that version wrote.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np

import ellayer
from ellayer.storage import save_checkpoint
from ellayer.storage.file_format import FORMAT_VERSION

FOLDER = Path(__file__).with_name("fixtures")
X = np.array([[0.0, 1.0, -1.0, 0.5], [0.25, -0.5, 2.0, 1.0]])


def make(folder: Path = FOLDER) -> None:
    """Write one file per kind, and what each must predict."""
    start = f"v{FORMAT_VERSION}_"
    labels = np.array(["no", "ja", "no", "ja"])
    network = ellayer.Network([2, 3, 1], "leaky_relu(0.1)")
    result = ellayer.train(
        network, X, np.array([0, 1, 0, 1]), optimizer="adam", num_iterations=20, record_every=5, seed=4,
        validation=(X, np.array([0, 1, 0, 1])),
    )  # fmt: skip
    ellayer.save((result.network, result.parameters), folder / f"{start}network.ellayer")
    ellayer.save(result, folder / f"{start}result.ellayer")
    save_checkpoint(result.state, folder / f"{start}checkpoint.ellayer")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings = {"hidden_layer_sizes": (3,), "max_iter": 8, "random_state": 0}
        classifier = ellayer.MLPClassifier(**settings, activation=["tanh"]).fit(X.T, labels)
        regressor = ellayer.MLPRegressor(**settings, solver="lbfgs").fit(X.T, X.T)
    ellayer.save(classifier, folder / f"{start}classifier.ellayer")
    ellayer.save(regressor, folder / f"{start}regressor.ellayer")
    expected = {
        "AL": result.predict_proba(X).tolist(),
        "costs": result.costs,
        "step": result.state.step,
        "labels": classifier.predict(X.T).tolist(),
        "probabilities": classifier.predict_proba(X.T).tolist(),
        "numbers": regressor.predict(X.T).tolist(),
        "loss_curve": classifier.loss_curve_,
    }
    (folder / f"{start}expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    make()
