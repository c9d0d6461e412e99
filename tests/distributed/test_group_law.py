"""K processes with one device each train as one process with K devices, bit for bit, and as one device within rounding."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from disturbances import write_parts
from process_groups import ENGINE, run_groups

import ellayer

pytestmark = pytest.mark.slow

CASES = """
from engine_cases import problem
network = ellayer.Network([5, 6, 1], "tanh")

def rows(m, key=None):
    return slice(None) if size == 0 else np.array_split(np.arange(m), size)[rank]

def case(m=90, many=None, held_out=0, state=None, **options):
    X, Y = problem(network, m=m)
    own = rows(m)
    options = {"num_iterations": 25, "record_every": 7, "learning_rate": 0.1, **options}
    if "sample_weight" in options:
        options["sample_weight"] = options["sample_weight"][own]
    if held_out:
        Xv, Yv = problem(network, m=held_out, seed=1)
        options["validation"] = Xv[:, rows(held_out)], Yv[:, rows(held_out)]
    if many:
        return ellayer.train_many(network, X[:, own], Y[:, own], seed=many, states=state, **options)
    return [ellayer.train(network, X[:, own], Y[:, own], state=state and state[0], **options)]

WEIGHTS = np.linspace(0, 2, 90)
BATCHES = dict(
    batch_size=20, optimizer="adam", dropout=[0.1, 0.3], l2=0.1, l1=0.01, clip_norm=0.5, sample_weight=WEIGHTS,
)
ALL = {
    "mini-batches": BATCHES,
    "full batch": dict(m=61, dropout=0.2, l2=0.1, monitor="loss", restore_best=True),
    "several": dict(
        batch_size=16, many=[0, 3], held_out=20, patience=1, restore_best=True, metrics=["accuracy"],
    ),
    "L-BFGS": dict(m=61, optimizer="lbfgs", l2=0.1, l1=0.01, sample_weight=WEIGHTS[:61], metrics=["roc_auc"]),
}

def numbers(results):
    return [
        {
            **{name: theta.ravel().tolist() for name, theta in result.parameters.items()},
            "costs": result.costs, "steps": result.state.step, "final": result.history.final or {},
            "validation": result.history.get("validation_loss", []),
            "metrics": [result.history.get(name, []) for name in ("accuracy", "roc_auc")],
        }
        for result in results
    ]
"""
MODELS = """
from ellayer import MLPClassifier, MLPRegressor

inputs = np.random.default_rng(4).normal(size=(90, 5))
signs = np.where(inputs[:, 0] > 0, "yes", "no")
classes = np.where(np.arange(90) < 40, signs, "perhaps")  # the first process of three has two of the three

def classifier(**options):
    own = rows(90)
    options = {"hidden_layer_sizes": 6, "early_stopping": True, "class_weight": "balanced", "max_iter": 5, **options}
    model = MLPClassifier(batch_size=16, random_state=3, **options)
    return model.fit(inputs[own], signs[own], sample_weight=WEIGHTS[own])

def in_parts(**options):
    model = MLPClassifier(6, batch_size=16, random_state=3, **options)
    for half in (slice(0, 45), slice(45, 90)):
        own = rows(45)
        model.partial_fit(inputs[half][own], classes[half][own], classes=np.unique(classes))
    return model

def regressor(**options):
    train, held_out = rows(70), rows(20)
    data = inputs[70:][held_out], inputs[70:][held_out, 1]
    model = MLPRegressor(
        hidden_layer_sizes=6, solver="sgd", learning_rate="adaptive", n_iter_no_change=2, tol=0.5, random_state=3,
        validation_data=data, warm_start=True, max_iter=4, monitor="r2", **options,
    )
    for _ in range(2):
        model.fit(inputs[:70][train], inputs[:70][train, 1])
    return model

def minimized(**options):
    train, held_out = rows(70), rows(20)
    data = inputs[70:][held_out], signs[70:][held_out]
    model = MLPClassifier(6, solver="lbfgs", max_iter=6, alpha=0.1, random_state=3, validation_data=data)
    return model.fit(inputs[:70][train], signs[:70][train])

def few(**options):
    own = rows(12)  # 10 are held out, so that a process has none of the other 2
    model = MLPRegressor(hidden_layer_sizes=6, early_stopping=True, validation_fraction=0.8, max_iter=3, random_state=3, **options)
    return model.fit(inputs[:12][own], inputs[:12, 1][own])

def fitted(model):
    return {
        **{name: theta.tolist() for name, theta in model.parameters_.items()},
        **{name: list(column) for name, column in model.history_.items()},
        "losses": [*getattr(model, "loss_curve_", []), model.loss_], "scores": getattr(model, "validation_scores_", None) or [],
        "epochs": [model.n_iter_, model.t_], "classes": getattr(model, "classes_", np.array([])).tolist(),
        "labels": model.predict(inputs[:9]).tolist(), "end": model.stopped_by_,
    }

FITS = {"classifier": classifier, "in parts": in_parts, "regressor": regressor, "few rows": few, "L-BFGS of a model": minimized}
"""
RUN = """
import scipy.sparse
group = initialize(f"127.0.0.1:{port}", size, rank, form_limit=60, step_limit=60)
from ellayer.engine import batches, jax_loop, shard_step, sharded_loop, shards
found = {name: numbers(case(**options)) for name, options in ALL.items()}
if size > 1:
    X, Y = problem(network, m=90)
    place = os.path.join(os.environ["FOLDER"], f"rows-{rank}")
    np.concatenate([X[:, rows(90)], Y[:, rows(90)], WEIGHTS[None, rows(90)]]).T.tofile(place)
    disk = ellayer.engine.DiskRows(place, 5, 1, "float64", weighted=True)
    options = {name: value for name, value in BATCHES.items() if name != "sample_weight"}
    found["disk"] = numbers(
        [ellayer.train(network, disk, num_iterations=25, record_every=7, learning_rate=0.1, **options)]
    )
    part = case(**{**BATCHES, "num_iterations": 15, "schedule_length": 25})
    ellayer.storage.save_checkpoint(part[0].state, os.path.join(os.environ["FOLDER"], str(rank)))
def train_own(X, Y, own, **options):
    # some of the columns, with their weights
    options = {"num_iterations": 25, "record_every": 7, "learning_rate": 0.1, **options}
    return numbers([ellayer.train(network, X, Y[:, own], sample_weight=WEIGHTS[own], **options)])

X, Y = problem(network, m=90)
without = {name: value for name, value in BATCHES.items() if name != "sample_weight"}
sparse = scipy.sparse.csr_array(X[:, rows(90)])
found["sparse"] = train_own(sparse, Y, rows(90), **without)
X61, Y61 = problem(network, m=61)
at_once = {name: value for name, value in ALL["full batch"].items() if name != "m"} | {"batch_size": 70}
columns = scipy.sparse.csr_array(X61[:, rows(61)])  # of each process fewer than a batch
found["sparse, at once"] = numbers([ellayer.train(
    network, columns, Y61[:, rows(61)], num_iterations=25, record_every=7, learning_rate=0.1, **at_once)])
if size > 1:
    uneven = [slice(0, 50), slice(50, 50), slice(50, 90)][rank]  # the second process has no rows
    found["no rows"] = train_own(X[:, uneven], Y, uneven, **without)
    found["no rows, L-BFGS"] = train_own(X[:, uneven], Y, uneven, optimizer="lbfgs", l2=0.1, metrics=["roc_auc"])
batches.Batches.large = lambda self, n_x, dtype: True  # rows that are read where they lie
X, Y = problem(network, m=90)
room = np.zeros(5 * 90 + 16)  # begins where that of the other processes begins, modulo 64 bytes
begin = -room.ctypes.data % 64 // 8 + 2
own = room[begin : begin + 5 * len(Y[0, rows(90)])].reshape(-1, 5)
own[:] = X[:, rows(90)].T
in_place = {**BATCHES, "sample_weight": WEIGHTS[rows(90)]}
find, places = sharded_loop.find_place, []
sharded_loop.find_place = lambda *arguments: places.append(find(*arguments)) or places[-1]
found["in place"] = numbers(
    [ellayer.train(network, own.T, Y[:, rows(90)], num_iterations=25, record_every=7, learning_rate=0.1, **in_place)]
)
found["begins"] = [place and place[1] for place in places]
batches.Batches.large = lambda self, n_x, dtype: False
shards.SURE, shard_step.NUMBERS_AT_ONCE = -0.5, 0  # updates without room, and gradients that are added in parts
jax_loop._program.cache_clear()
found["crowded, in parts"] = numbers(case(**BATCHES))
import warnings
warnings.simplefilter("ignore")  # of few epochs
found |= {name: fitted(fit()) for name, fit in FITS.items()}
from ellayer.estimators.mlp import rows as rows_of_fit
rows_of_fit.DENSE_BYTES, dense_inputs, inputs = 0, inputs, scipy.sparse.csr_array(inputs)
found["sparse classifier"] = fitted(classifier())
inputs = dense_inputs

from sklearn.base import clone
from ellayer._progress_bars import no_progress
from ellayer.runs.table_trainer import TableTrainer
trainer = TableTrainer.read({
    "source": os.path.join(os.environ["FOLDER"], "parts"), "target": "y", "members": 1, "layers": [4], "epochs": 1,
    "batch_size": 128, "split": "order", "cv": 2, "seed": 1,
})
# the first fold learns from the rows of the first process alone
folds = trainer.source.cross_validate(lambda: clone(trainer.model), trainer.settings, "classes", no_progress)
found["table"] = [trainer.messages, trainer.source.test.y.tolist()]
found["folds"] = folds and [folds.rows.tolist(), [model.P.tolist() for model in folds.models]]
"""
REFUSED = """
network = ellayer.Network([2, 1])
X, Y = np.ones((2, 4)), np.ones((1, 4))
train = ellayer.train

def message(call):
    try:
        call()
    except ValueError as error:  # of scikit-learn, or ours
        return str(error)

def report():
    from ellayer.engine.group import current_group

    second = rank == 1
    yield "one", lambda: train(network, np.full((2, 4), np.nan) if second else X, Y)
    yield "rows", lambda: train(network, X[:, :0], Y[:, :0])
    yield "weights", lambda: train(network, X, Y, sample_weight=np.zeros(4))
    yield "validation", lambda: train(network, X, Y, validation=(X[:, :0], Y[:, :0]))
    yield "settings", lambda: train(network, X, Y, num_iterations=10 + second)
    yield "state", lambda: train(network, X, Y, parameters={"W1": np.full((1, 2), float(rank)), "b1": [[0.0]]})
    yield "metrics", lambda: train(network, X, Y, metrics=["accuracy"] * second)
    yield "start of L-BFGS", lambda: train(
        network, X, Y, optimizer="lbfgs", parameters={"W1": np.full((1, 2), float(rank)), "b1": [[0.0]]}
    )
    yield "engine", lambda: train(network, X, Y, engine="numpy")
    yield "X", lambda: train(network, scipy.sparse.csr_array(X) if second else X, Y, batch_size=2)
    yield "device", lambda: train(network, X, Y, device=jax.devices())
    yield "again", initialize
    yield "targets", lambda: MLPRegressor(solver="lbfgs").fit(X.T, X.T)
    yield "alpha", lambda: MLPRegressor(alpha=0.1 * rank).fit(X.T, Y[0])
    yield "labels", lambda: MLPClassifier().fit(X.T, [0, 1, 0, 1] if second else ["a", "b", "a", "b"])
    yield "known", lambda: MLPClassifier().partial_fit(X.T, [0, 1, 0, 2 * second], classes=[0, 1])
    yield "agree", lambda: current_group().agree(lambda: int("one"))
    yield "continuous", lambda: MLPClassifier().fit(X.T, [0.5, 1, 0, 1] if second else [0, 1, 0, 1])
    yield "score", lambda: MLPClassifier(monitor="f1").fit(X.T, [0, 1, 0, 1])

if size > 1:
    from ellayer.engine import group as messages
    messages._BLOCK = 8  # a row at once
    found |= {name: message(call) for name, call in report()}
    found |= {
        "exchange": group.exchange("x" * (3 if rank else 5000)) == ["x" * 5000, "x" * 3, "x" * 3],
        "gather": group.gather(np.full((rank + 1, 2), rank)).tolist(),
        "bytes": [bytes(data).decode() for data in group.gather_bytes(b"abc"[: rank + 1])],
        "agreed": group.agree(lambda: rank + 7), "offset": group.offset(rank + 4),
        "take": group.take(np.arange(rank + 1.0) + 10 * rank, np.array([5, 0, 2])[: rank + 1]).tolist(),
    }
    from ellayer.engine.group import current_group
    shutdown()
    found["alone"] = current_group() is None and train(network, X, Y, num_iterations=3, engine="jax").engine
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_parts(tmp_path_factory.mktemp("states"))


@pytest.fixture(scope="module")
def outputs(folder):
    script = CASES + MODELS + RUN + REFUSED
    groups = run_groups([(script, 3, 1), (script, 1, 3)], 240, FOLDER=str(folder))
    for ended in (one for group in groups for one in group):
        assert ended.code == 0, ended.errors
    three, one = groups
    return {
        "processes": [json.loads(ended.output) for ended in three],
        "devices": json.loads(one[0].output),
    }


@pytest.fixture(scope="module")
def cases():
    namespace: dict[str, object] = {"ellayer": ellayer, "np": np, "size": 0, "rank": 0}
    sys.path.insert(0, str(ENGINE))
    try:
        exec(CASES + MODELS, namespace)
    finally:
        sys.path.remove(str(ENGINE))
    return namespace


def differ(a: object, b: object) -> float:
    """Return the largest difference of two results."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        return max((differ(a[key], b[key]) for key in a), default=0.0)
    if isinstance(a, list) and a and not isinstance(a[0], float):
        assert len(a) == len(b)
        return max(differ(x, y) for x, y in zip(a, b, strict=True))
    assert np.shape(a) == np.shape(b)
    return float(np.max(np.abs(np.subtract(a, b)), initial=0.0))


@pytest.mark.parametrize("name", ["mini-batches", "full batch", "several", "L-BFGS", "crowded, in parts"])
def test_processes_equal_devices_bit_for_bit(outputs, name):
    for process in outputs["processes"]:
        assert process[name] == outputs["devices"][name]


@pytest.mark.parametrize("name", ["mini-batches", "full batch", "several", "L-BFGS"])
def test_they_equal_one_device_within_rounding(outputs, cases, name):
    engine = {} if name in ("several", "L-BFGS") else {"engine": "numpy+direct"}
    plain = cases["numbers"](cases["case"](**cases["ALL"][name], **engine))
    # a line search multiplies the rounding
    assert differ(outputs["processes"][0][name], plain) < (1e-6 if name == "L-BFGS" else 1e-12)


@pytest.mark.parametrize("name", ["disk", "in place"])
def test_rows_on_disk_and_rows_in_place_are_those_of_arrays(outputs, name):
    for process in outputs["processes"]:
        assert process[name] == process["mini-batches"]
        assert process["begins"] == [2]


@pytest.mark.parametrize(("name", "dense"), [("sparse", "mini-batches"), ("sparse, at once", "full batch")])
def test_sparse_rows_are_those_of_arrays(outputs, name, dense):
    for process in outputs["processes"]:
        assert process[name] == process[dense] == outputs["devices"][name]


def test_a_classifier_of_sparse_rows_is_that_of_arrays(outputs):
    for process in outputs["processes"]:
        assert process["sparse classifier"] | {"seconds": 0} == process["classifier"] | {"seconds": 0}


def test_a_process_may_have_no_rows(outputs):
    first, *others = outputs["processes"]
    for name in ("no rows", "no rows, L-BFGS"):
        assert all(process[name] == first[name] for process in others)
    assert differ(first["no rows"], first["mini-batches"]) < 1e-12


@pytest.mark.parametrize("name", ["classifier", "in parts", "regressor", "few rows", "L-BFGS of a model"])
def test_estimators_equal_devices_bit_for_bit(outputs, name):
    first, *others = (process[name] for process in outputs["processes"])
    assert all(process == first for process in others)  # to the seconds of its epochs
    assert first | {"seconds": 0} == outputs["devices"][name] | {"seconds": 0}


@pytest.mark.parametrize("name", ["classifier", "in parts", "regressor", "few rows", "L-BFGS of a model"])
@pytest.mark.filterwarnings("ignore")  # of few epochs
def test_estimators_equal_one_device_within_rounding(outputs, cases, name):
    found, alone = outputs["processes"][0][name], cases["fitted"](cases["FITS"][name](engine="numpy"))
    for text in ("labels", "classes", "end") if name not in ("regressor", "few rows") else ("end",):
        assert found.pop(text) == alone.pop(text)
    assert differ(found | {"seconds": []}, alone | {"seconds": []}) < (1e-6 if "L-BFGS" in name else 1e-12)


def test_cross_validation_equals_devices_within_rounding(outputs):
    """To the bit only if each process has as many rows of a fold as each device."""
    first, *others = outputs["processes"]
    assert first["folds"][0] == outputs["devices"]["folds"][0]
    assert differ(first["folds"][1], outputs["devices"]["folds"][1]) < 1e-4
    assert [process["folds"] for process in others] == [None, None]
    assert all(process["table"] == first["table"] for process in others)
    assert first["table"][1] == outputs["devices"]["table"][1]


def test_how_gradients_are_added_changes_only_the_rounding(outputs):
    results = outputs["processes"][0]
    assert differ(results["crowded, in parts"], results["mini-batches"]) < 1e-12


def test_a_run_continues_on_another_number_of_processes(outputs, folder, cases):
    whole, options = outputs["devices"]["mini-batches"], cases["BATCHES"]
    for rank in range(3):
        state = ellayer.storage.load_checkpoint(folder / str(rank))
        assert state.step == 15
        result = cases["case"](
            **{**options, "num_iterations": 10, "schedule_length": 25, "state": [state], "engine": "numpy"}
        )
        assert differ(cases["numbers"](result), whole) < 1e-12


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("one", "process 1: X: expected finite"), ("rows", "X: expected an example of a weight above 0"),
        ("weights", "X: expected an example of a weight above 0"), ("validation", "validation: expected an example"),
        ("settings", "num_iterations: expected the same in every process of the group, received 10 in process 0 and 11"),
        ("state", "state: expected the same in every process"),
        ("metrics", "metrics: expected the same in every process of the group, received [] in process 0 and ['accuracy']"),
        ("start of L-BFGS", "state: expected the same in every process"), ("engine", "'auto' or 'jax'"),
        ("X", "sparse X: expected the same in every process of the group, received False in process 0 and True"),
        ("device", "uses all devices of its processes"), ("again", "received a second call"),
        ("targets", "solver: expected 'adam' or 'sgd'"), ("alpha", "alpha: expected the same in every process"),
        ("labels", "labels of one kind in every process"), ("known", "has classes not in"),
        ("continuous", "process 1: Unknown label type"), ("score", "monitor: expected None or 'loss'"),
        ("agree", "invalid literal for int"),
    ],
)  # fmt: skip
def test_an_error_of_one_process_is_one_of_all(outputs, name, text):
    messages = [process[name] for process in outputs["processes"]]
    assert text in messages[0]
    assert {message.removeprefix("process 1: ") for message in messages} == {messages[1]}


def test_messages_of_processes(outputs):
    for rank, report in enumerate(outputs["processes"]):
        assert report["exchange"] is True
        assert report["gather"] == [[0, 0], [1, 1], [1, 1], [2, 2], [2, 2], [2, 2]]
        assert report["bytes"] == ["a", "ab", "abc"]
        assert report["agreed"] == 7
        assert report["offset"] == [0, 4, 9][rank]
        assert report["take"] == [22, 0, 11][: rank + 1]
        assert report["alone"] == "jax"
