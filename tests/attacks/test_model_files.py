"""Model files are data, whoever wrote them: a changed one is refused by name, or it works like any other."""

from __future__ import annotations

import json
import time
from itertools import islice

import numpy as np
import pytest
from hostile import KINDS, Parts, changed_arrays, changed_descriptions, places, raw, removed, replaced
from hypothesis import given, settings
from hypothesis import strategies as st

import ellayer
from ellayer.storage import ModelFileError, file_format, load_checkpoint

quiet = pytest.mark.filterwarnings("ignore")
SHARE, SLOW_SHARE = (
    17,
    11,
)  # one in so many of the changed descriptions; benchmarks/storm.py tries any of them


def refused(sample, path, parts):
    """Return whether a file is refused by name; one that is not must work."""
    parts.write(path)
    begin = time.perf_counter()
    try:
        model = sample.load(path)
    except ModelFileError:
        return True
    finally:
        assert time.perf_counter() - begin < 5
    with np.errstate(all="ignore"):
        try:
            sample.use(model)
        except ellayer.EllayerError as error:  # a model of other columns is one
            if str(error).startswith(
                "state."
            ):  # a checkpoint of another network, refused where training continues
                return True
            if "feature names should match" not in str(error):
                raise
    return False


def try_all(sample, path, changes):
    kept = []
    for change, parts in changes:
        try:
            if not refused(sample, path, parts):
                kept.append(change)
        except Exception as error:
            raise AssertionError(f"{change}: {type(error).__name__}: {error}") from error
    return kept


@quiet
@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_array_is_refused(samples, tmp_path, kind):
    sample = samples[kind]
    accepted = try_all(sample, tmp_path / "m", changed_arrays(sample.parts))
    # What may change is what no reader of numbers can tell: values, and one array in another precision of the same kind.
    harmless = (
        "huge",
        "transposed",
        "other precision",
        "nan",
        "inf",
        "a row more",
        "empty",
        "flat",
        "bool",
        "int8",
        "float16",
    )
    structure = [change for change in accepted if change.startswith(("without", "an array more"))]
    assert not structure
    assert all("/optax/" in change or change.endswith(harmless) for change in accepted)
    for change in accepted:
        name = change.removeprefix("arrays/").split(" ")[0]
        if kind != "checkpoint" and name.split("/")[-1][0] in "Wb" and "optimizer" not in name:
            assert change.endswith(("huge", "transposed", "flat")), change


@quiet
@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_description_is_refused_or_harmless(samples, tmp_path, kind):
    sample = samples[kind]
    accepted = try_all(sample, tmp_path / "m", islice(changed_descriptions(sample.parts), 0, None, SHARE))
    assert not [change for change in accepted if "layer_dims" in change]


@pytest.mark.slow
@quiet
@pytest.mark.parametrize("kind", KINDS)
def test_many_changed_descriptions_are_refused_or_harmless(samples, tmp_path, kind):
    sample = samples[kind]
    try_all(sample, tmp_path / "m", islice(changed_descriptions(sample.parts), 0, None, SLOW_SHARE))


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.just("$"), inner, max_size=3)
    ),
    max_leaves=6,
)


@quiet
@settings(max_examples=40, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("kind", KINDS)
def test_any_plain_data_in_any_place_is_refused_or_harmless(samples, tmp_path_factory, kind, data):
    sample = samples[kind]
    tree = sample.parts.content
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.sampled_from(list(places(tree)) or [()]))
        tree = replaced(tree, at, data.draw(plain)) if at else tree
    path = tmp_path_factory.mktemp("any") / "m"
    refused(sample, path, Parts(sample.parts.kind, tree, sample.parts.arrays))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("interval",), [1.0, 5]),
        (("interval",), [{"$": "float", "value": "nan"}, 1]),
        (("history", "loss"), [0.5]),
        (("history", "seconds"), ["a", "b", "c"]),
        (("history",), {"loss": [0.5]}),
        (("rate_scale",), {"$": "float", "value": "inf"}),
        (("stopped_by",), "a whim"),
        (("best_parameters",), {}),
        (("coordinates",), {}),
    ],
    ids=str,
)
def test_a_changed_checkpoint_is_refused_when_it_is_read(samples, tmp_path, place, value):
    sample = samples["checkpoint"]
    content = replaced(sample.parts.content, ("state", *place), value)
    Parts("checkpoint", content, sample.parts.arrays).write(tmp_path / "m")
    with pytest.raises(ModelFileError, match=place[0]):
        sample.load(tmp_path / "m")


@quiet
def test_changed_means_of_levels_and_n_grams_are_refused_or_harmless(samples, tmp_path):
    """Only what is theirs is changed: the rest of such a file is that of the other tables."""
    sample, path = samples["table of texts"], tmp_path / "m"
    changes = [c for c in changed_descriptions(sample.parts) if "'statistics'" in c[0] or "'factors'" in c[0]]
    assert len(changes) > 1_000
    try_all(sample, path, changes[:: len(changes) // 60])
    own = ("/means ", "/idf ", "/components ")
    arrays = [c for c in changed_arrays(sample.parts) if any(name in c[0] for name in own)]
    assert len(arrays) >= 3 * 12
    for change in try_all(sample, path, arrays):
        assert change.endswith(("huge", "float16", "other precision", "flat", "transposed")), change


@quiet
def test_means_of_levels_and_weights_of_texts_are_checked(samples, tmp_path):
    sample, path = samples["table of texts"], tmp_path / "m"
    columns = ("facts", "preparation", "columns")
    content = replaced(sample.parts.content, (*columns, 1, "statistics", "means"), [1])
    Parts(sample.parts.kind, content, sample.parts.arrays).write(path)
    sample.use(sample.load(path))  # a key that is not known is left alone
    idf = next(name for name in sample.parts.arrays if name.endswith("/idf"))
    zeros = {**sample.parts.arrays, idf: 0.0 * sample.parts.arrays[idf]}
    Parts(sample.parts.kind, sample.parts.content, zeros).write(path)
    with pytest.raises(ModelFileError, match="column 't', idf: expected weights above 0"):
        sample.load(path)
    content = removed(sample.parts.content, (*columns, 1, "statistics"))
    Parts(sample.parts.kind, content, sample.parts.arrays).write(path)
    with pytest.raises(ModelFileError):
        sample.load(path)


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bits_and_cut_off_files_are_refused(samples, tmp_path, kind):
    sample, path = samples[kind], tmp_path / "m"
    sample.parts.write(path)
    whole = path.read_bytes()
    for i in range(0, len(whole), max(1, len(whole) // 150)):
        altered = bytearray(whole)
        altered[i] ^= 1 << (i % 8)
        for content in (altered, whole[:i]):
            path.write_bytes(content)
            with pytest.raises(ModelFileError):
                sample.load(path)


def header(**tensors):
    text = json.dumps({"format_version": 1, "kind": "network", "sha256": "0" * 64, "content": {}})
    return {"__metadata__": {"ellayer": text}, **tensors}


def tensor(begin, end, shape=(1,), dtype="F64"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    "content",
    [
        raw(header(a=tensor(0, 8), b=tensor(0, 8)), bytes(8)),
        raw(header(a=tensor(0, 8), b=tensor(4, 12)), bytes(12)),
        raw(header(a=tensor(0, 16)), bytes(16)),
        raw(header(a=tensor(8, 16)), bytes(16)),
        raw(header(a=tensor(0, 8)), bytes(64)),
        raw(header(a=tensor(8, 0)), bytes(8)),
        raw(header(a=tensor(-8, 0)), bytes(8)),
        raw(header(a=tensor(0, 8, (2**62, 2**62, 0))), bytes(8)),
        raw(header(a=tensor(0, 8, dtype="F1024")), bytes(8)),
        raw(header(a=tensor(0, 2, dtype="BF16")), bytes(2)),
        raw(header(a=tensor(0, 1, dtype="F8_E4M3")), bytes(1)),
        raw(header(a=5), bytes(8)),
        raw({"__metadata__": {"ellayer": 5}}),
        raw({"__metadata__": 5}),
        raw(b"[" * 100_000 + b"]" * 100_000),
        raw(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        raw(b"\xff" * 100),
        raw(b"{}", length=2**63),
        raw(b"{}", length=0),
        raw({"__metadata__": {"ellayer": "[" * 50_000 + "]" * 50_000}}),
        raw({"__metadata__": {"ellayer": '{"a":' * 50_000 + "1" + "}" * 50_000}}),
        raw({"__metadata__": {"ellayer": "[]," * 2_000_000}}),
        raw({"__metadata__": {"ellayer": '{"format_version": NaN}'}}),
        raw({"__metadata__": {"ellayer": '{"format_version": 1e999}'}}),
        raw({"__metadata__": {"ellayer": "9" * 100_000}}),
    ],
    ids=lambda content: f"{str(content)[:24]} {len(content):,} bytes",
)  # fmt: skip
def test_lies_of_the_header_are_refused(tmp_path, content):
    path = tmp_path / "m"
    path.write_bytes(content)
    for read in (ellayer.load, load_checkpoint, ellayer.storage.read_provenance, file_format.read_facts):
        if read is file_format.read_facts and b'format_version\\": 1' in content:
            continue  # it reads the description alone, of a file that ``read`` has checked
        with pytest.raises(ModelFileError):
            read(path)


@pytest.mark.parametrize(
    "facts",
    [{"versions": 5}, {"versions": {"ellayer": 5}}, {"format_version": True}, {"format_version": -1}, {"format_version": "1"},
     {"format_version": 10**30}, {"kind": 5}, {"kind": ["network"]}, {"kind": "os.system"}, {"kind": "__class__"},
     {"sha256": 5}, {"sha256": "0" * 63}],
    ids=str,
)  # fmt: skip
def test_lies_of_the_description_are_refused(samples, tmp_path, facts):
    path = tmp_path / "m"
    try:
        samples["network"].parts.write(path, **facts)
    except ValueError:  # no place for a digest
        return
    for read in (ellayer.load, ellayer.storage.read_provenance):
        with pytest.raises(ModelFileError):
            read(path)


def test_a_key_that_is_there_twice_is_refused(samples, tmp_path):
    path = tmp_path / "m"
    samples["network"].parts.write(path)
    blob = path.read_bytes()
    text = json.loads(blob[8 : 8 + int.from_bytes(blob[:8], "little")])["__metadata__"]["ellayer"]
    path.write_bytes(raw({"__metadata__": {"ellayer": text[:-1] + ', "kind": "network"}'}}))
    with pytest.raises(ModelFileError, match="a key is there twice"):
        ellayer.load(path)


@quiet
@pytest.mark.parametrize(
    "name", ["os.system", "__import__('os').system('id')", "relu; import os", "../relu", "custom_lambda"]
)
def test_a_file_names_rows_of_our_own_tables_only(samples, tmp_path, name):
    path = tmp_path / "m"
    network = samples["network"].parts
    for place in (("network", "activations", 0), ("network", "loss")):
        Parts(network.kind, replaced(network.content, place, name), network.arrays).write(path)
        with pytest.raises(ModelFileError, match=r"expected (one of|a network|a loss)|unknown"):
            ellayer.load(path)
    table = samples["table classifier"].parts
    for place in (
        ("settings", "recipe"),
        ("settings", "metric"),
        ("facts", "preparation", "columns", 0, "kind"),
    ):
        Parts(table.kind, replaced(table.content, place, name), table.arrays).write(path)
        with pytest.raises(ModelFileError):
            ellayer.load(path)


HOSTILE_TEXTS = ["=cmd|' /C calc'!A0", "\x1b]0;title\x07\x1b[31m", "<script>alert(1)</script>", "../../etc/passwd", "a\x00b",
                 "\u202eevil", "$x^{2}$", "", "é" * 3000, "nan", "None", "{{7*7}}", "%s%n", "\U0001f600"]  # fmt: skip


@quiet
def test_hostile_names_and_labels_are_text_and_nothing_else(tmp_path):
    random = np.random.RandomState(0)
    X = random.randn(4 * len(HOSTILE_TEXTS), 3)
    y = np.array(HOSTILE_TEXTS * 4, dtype=object)
    model = ellayer.MLPClassifier(3, max_iter=2, random_state=0).fit(X, y)
    ellayer.save(model, tmp_path / "m", provenance={"source": HOSTILE_TEXTS})
    again = ellayer.load(tmp_path / "m")
    assert again.classes_.tolist() == sorted(HOSTILE_TEXTS)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert ellayer.storage.read_provenance(tmp_path / "m")["source"] == HOSTILE_TEXTS
