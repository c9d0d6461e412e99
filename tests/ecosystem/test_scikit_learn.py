"""scikit-learn's own tests with a network in place of its simple estimators: ours passes what its own passes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MODULES = [
    "tests.test_base",
    "tests.test_pipeline",
    "tests.test_multiclass",
    "tests.test_multioutput",
    "tests.test_calibration",
    "model_selection.tests.test_validation",
    "model_selection.tests.test_search",
    "model_selection.tests.test_successive_halving",
    "model_selection.tests.test_classification_threshold",
    "model_selection.tests.test_plot",
    "ensemble.tests.test_stacking",
    "ensemble.tests.test_voting",
    "ensemble.tests.test_bagging",
    "ensemble.tests.test_weight_boosting",
    "ensemble.tests.test_common",
    "inspection.tests.test_partial_dependence",
    "inspection.tests.test_permutation_importance",
    "feature_selection.tests.test_rfe",
    "feature_selection.tests.test_from_model",
    "feature_selection.tests.test_sequential",
    "metrics.tests.test_score_objects",
    "utils.tests.test_response",
    "semi_supervised.tests.test_self_training",
    "compose.tests.test_target",
    "compose.tests.test_column_transformer",
    "frozen.tests.test_frozen",
    "linear_model.tests.test_ransac",
]
DIFFERENT = {
    "test_pickle_version_warning_is_issued_upon_different_version": "our own warning of another version comes first",
    "test_pickle_version_no_warning_is_issued_with_non_sklearn_estimator": "the same; its state has no version of ours",
    "test_ransac_default_residual_threshold": "which points a network takes for outliers depends on its start",
}


def outcomes_with(network: str, module: str, folder: Path) -> dict[str, dict]:
    """Run a module of scikit-learn's tests with the network of a package; return test -> outcome."""
    file = folder / f"{network}.json"
    names = {"ECOSYSTEM_NETWORK": network, "ECOSYSTEM_OUTCOMES": str(file)}
    path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    options = ["-q", "-n", "0", "-c", os.devnull, "--rootdir", str(folder), "-p", "no:cacheprovider"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *options,
            "-p",
            "stand_in",
            "-W",
            "ignore",
            "--pyargs",
            f"sklearn.{module}",
        ],
        env=os.environ | names | {"PYTHONPATH": path},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode in (0, 1), done.stdout[-2000:]
    return json.loads(file.read_text())


@pytest.mark.parametrize("module", MODULES)
def test_what_passes_with_their_network_passes_with_ours(module, tmp_path, record_property):
    theirs = outcomes_with("sklearn.neural_network", module, tmp_path)
    ours = outcomes_with("ellayer", module, tmp_path)
    passed = {name for name, test in ours.items() if test["outcome"] == "passed"}
    expected = {name for name, test in theirs.items() if test["outcome"] == "passed"}
    fitted = sum(ours[name]["fits"] > 0 for name in passed)
    print(
        f"{module}: {len(passed)} of {len(ours)} tests pass with ours, {fitted} of them fit it; {len(expected)} with theirs"
    )
    different = {
        name: ours[name]["text"]
        for name in expected - passed
        if name.rpartition("::")[2].partition("[")[0] not in DIFFERENT
    }
    assert not different
