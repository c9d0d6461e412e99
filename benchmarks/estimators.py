"""The estimators against scikit-learn's: predict, a default fit in a fresh process, sparse texts, a grid search."""

from __future__ import annotations

import statistics
import tempfile
import warnings
from pathlib import Path

import numpy as np

import workloads
from goals import judge
from measuring import clock_of, in_fresh_process, medians

IRIS = """
import sys, json, warnings
from sklearn.datasets import load_iris
warnings.simplefilter("ignore")
if sys.argv[1] == "ellayer":
    from ellayer import MLPClassifier
else:
    from sklearn.neural_network import MLPClassifier
X, y = load_iris(return_X_y=True)
model = MLPClassifier(random_state=0).fit(X, y)
print(json.dumps([model.loss_, model.n_iter_]))
"""

MNIST = """
import sys, warnings
import numpy as np
warnings.simplefilter("ignore")
X, y = (np.load(f"{sys.argv[2]}/{name}.npy") for name in "Xy")
if sys.argv[1] == "ellayer":
    from ellayer import MLPClassifier
else:
    from sklearn.neural_network import MLPClassifier
MLPClassifier((128, 64), batch_size=128, max_iter=10, random_state=0).fit(X, y)
"""

TEXTS = """
import sys, json, time, warnings
import numpy as np
import scipy.sparse as sparse
from measuring import peak_memory
warnings.simplefilter("ignore")
now = time.process_time if sys.argv[2] == "cpu" else time.perf_counter
if sys.argv[1] == "ellayer":
    from ellayer import MLPClassifier
else:
    from sklearn.neural_network import MLPClassifier
random, m, n, words = np.random.default_rng(0), 10_000, 20_000, 60
rows, columns = np.repeat(np.arange(m), words), random.zipf(1.2, (m, words)) * 2_654_435_761 % n
X = sparse.csr_matrix((np.ones(m * words), (rows, columns.ravel())), (m, n))
y = X @ random.standard_normal(n) > 0
MLPClassifier((2,), max_iter=1, random_state=0).fit(X[:200], y[:200])  # loads what is loaded late
before, begin = peak_memory(), now()
model = MLPClassifier(max_iter=4, random_state=0).fit(X, y)
seconds = now() - begin
memory = (peak_memory() - before) / 2**20
print(json.dumps([seconds, memory, model.loss_]))
"""

GRID = """
import sys, json, time, warnings
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler
warnings.simplefilter("ignore")
now = time.process_time if sys.argv[2] == "cpu" else time.perf_counter
begin = now()
if sys.argv[1] == "ellayer":
    from ellayer import MLPClassifier
else:
    from sklearn.neural_network import MLPClassifier
X, y = load_breast_cancer(return_X_y=True)
grid = {"learning_rate_init": [1e-4, 1e-3, 1e-2], "alpha": [1e-5, 1e-4, 1e-3]}
search = GridSearchCV(MLPClassifier(random_state=0), grid, cv=5, n_jobs=1).fit(StandardScaler().fit_transform(X), y)
print(json.dumps([now() - begin, search.best_score_]))
"""


def rows(data: Path | None, repeat: int, clock: str = "wall") -> list[dict]:
    """Return a row per goal: how many times faster than scikit-learn."""
    few = max(1, min(repeat, 3))
    return [
        *_predict(repeat, clock), _iris(repeat, clock), _texts(few, clock), _grid(few, clock), *_mnist(data, few, clock)
    ]  # fmt: skip


def _predict(repeat: int, clock: str) -> list[dict]:
    from sklearn.neural_network import MLPClassifier

    import ellayer

    random = np.random.default_rng(0)
    X = random.standard_normal((1000, 30))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = MLPClassifier((64, 32), max_iter=5, random_state=0).fit(X, X[:, 0] > 0)
    ours = ellayer.from_sklearn(theirs)
    if not np.array_equal(ours.predict(X), theirs.predict(X)):
        raise AssertionError("the two estimators do not predict the same")
    result = []
    for m, calls, words in ((1, 1000, "one row"), (37, 1000, "37 rows"), (1000, 200, "1,000 rows")):
        part = X[:m]
        seconds = medians(
            max(repeat, 5),
            clock_of(clock),
            ours=lambda part=part, n=calls: [ours.predict(part) for _ in range(n)],
            theirs=lambda part=part, n=calls: [theirs.predict(part) for _ in range(n)],
        )
        what = f"predict {words}: ellayer / scikit-learn ({seconds['ours'] / calls * 1e6:.0f} µs)"
        result.append(judge("estimators", what, seconds["ours"] / seconds["theirs"], 0.9, False))
    return result


def _iris(repeat: int, clock: str) -> dict:
    seconds: dict[str, list[float]] = {"ellayer": [], "sklearn": []}
    for _ in range(repeat):
        for name in seconds:
            seconds[name].append(in_fresh_process(IRIS, name, clock=clock)[0])
    ours, theirs = (statistics.median(seconds[name]) for name in seconds)
    what = f"iris, default fit, fresh process: scikit-learn / ellayer ({ours:.2f} s)"
    return judge("estimators", what, theirs / ours, 1.0, True)


def _texts(repeat: int, clock: str) -> dict:
    """Return a row for four epochs of 10,000 texts of 60 words, hashed to 20,000 sparse columns."""
    runs = {
        name: [in_fresh_process(TEXTS, name, clock)[1] for _ in range(repeat)]
        for name in ("ellayer", "sklearn")
    }
    (ours, memory, loss), (theirs, their_memory, their_loss) = (
        np.median(runs[name], axis=0).tolist() for name in runs
    )
    what = (
        f"four epochs of sparse texts: scikit-learn ({theirs:.1f} s, {their_memory:.0f} MB, loss {their_loss:.2f}) / "
        f"ellayer ({ours:.1f} s, {memory:.0f} MB, loss {loss:.2f})"
    )
    return judge("estimators", what, theirs / ours, 1.0, True)


def _mnist(data: Path | None, repeat: int, clock: str) -> list[dict]:
    """Return a row for ten epochs of MNIST, imports and all; none without its files."""
    seconds: dict[str, list[float]] = {"ellayer": [], "sklearn": []}
    try:
        work = workloads.make(workloads.SPECS["mnist"], data)
    except workloads.DataMissingError:
        return []
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "X"), np.ascontiguousarray(work.X.T))
        np.save(Path(folder, "y"), work.Y.argmax(axis=0))
        for _ in range(repeat):
            for name in seconds:
                seconds[name].append(in_fresh_process(MNIST, name, folder, clock=clock)[0])
    ours, theirs = (statistics.median(seconds[name]) for name in seconds)
    what = f"MNIST, ten epochs, fresh process: scikit-learn ({theirs:.1f} s) / ellayer ({ours:.1f} s)"
    return [judge("estimators", what, theirs / ours, 2.5, True)]


def _grid(repeat: int, clock: str) -> dict:
    seconds: dict[str, list[float]] = {"ellayer": [], "sklearn": []}
    scores = {}
    for _ in range(repeat):
        for name in seconds:
            taken, scores[name] = in_fresh_process(GRID, name, clock)[1]
            seconds[name].append(taken)
    ours, theirs = (statistics.median(seconds[name]) for name in seconds)
    what = (
        f"GridSearchCV 3 × 3 × 5, breast_cancer, fresh process: scikit-learn / ellayer ({ours:.1f} s; "
        f"best scores {scores['sklearn']:.4f} / {scores['ellayer']:.4f})"
    )
    return judge("estimators", what, theirs / ours, 2.0, True)
