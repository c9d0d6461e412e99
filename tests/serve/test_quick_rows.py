"""Rows of plain values are predicted as if they were read as a table, to the bit and to the note."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ellayer import TabularClassifier, TabularRegressor, save
from ellayer.data import read_examples
from ellayer.serve.models import load_served
from ellayer.serve.rows import Options, predictions_for


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Models of a table that has no dates, and a mark of a missing value among its towns, which for one is a town."""
    folder = tmp_path_factory.mktemp("plain")
    lines = ["age,size,town,zip,same,member,answer,price"]
    for i in range(60):
        town = ("Bern", "Ulm", "NA")[i % 3]
        lines.append(
            f"{20 + i % 40},{i % 7}.5,{town},{10 + i % 4},x,{('yes', 'no')[i % 2]},{('a', 'b')[i % 3 > 0]},{i % 7}.5"
        )
    file = folder / "people.csv"
    file.write_text("\n".join(lines) + "\n")
    models = []
    for target, other, Model, missing in (
        ("answer", "price", TabularClassifier, None),
        ("price", "answer", TabularRegressor, None),
        ("answer", "price", TabularClassifier, ["-"]),
    ):
        examples = read_examples(file, target=target, drop=[other], na_values=missing)
        quick = {"epochs": 2, "hidden_layer_sizes": (4,), "random_state": 0}
        model = Model(1, column_kinds={"same": "ignore"}, **quick)
        model.fit(examples.X, examples.y)
        save(model, folder / f"{target}{missing}", provenance={"target": target, "reading": examples.reading})
        models.append(load_served(target, folder / f"{target}{missing}"))
    return models


numbers = (
    st.none() | st.integers(-100, 200) | st.floats(-100, 200) | st.just(2**60) | st.booleans() | st.just("7")
)
texts = (
    st.none()
    | st.sampled_from(
        ["Bern", "Ulm", "Oslo", " Bern", "NA", "none", "", "1.0", "true", "-", "Ulm\x1c", "\u3000Ulm"]
    )
    | st.just(3)
)
truths = st.none() | st.sampled_from(["yes", "no", "No", "1", "?", True, False, 1])
rows = st.fixed_dictionaries(
    {"age": numbers, "size": numbers, "town": texts, "zip": numbers, "member": truths},
    optional={"more": texts, "same": texts | numbers | st.just([1])},
)


def check_both_ways(plain, columns):
    for model in plain:
        answers = []
        for way in (model.quick.read, lambda values: None):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(type(model.quick), "read", lambda self, values, way=way: way(values))
                try:
                    answers.append(predictions_for(model, columns, Options()))
                except Exception as error:
                    answers.append(str(error))
        assert answers[0] == answers[1]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(rows, min_size=1, max_size=3))
def test_quick_rows_equal_those_of_a_table(plain, records):
    names = dict.fromkeys(name for record in records for name in record)
    check_both_ways(plain, {name: [record.get(name) for record in records] for name in names})


ODD = [
    ("town", text) for text in ("NA", "None", "-", "?", "", " Ulm", "Ulm\x1c", "\u3000Ulm", "1.0", "e\u0301")
]
ODD += [("member", value) for value in ("no", "No", "1", "y", "NA", True, 1)]
ODD += [("same", value) for value in ("x", "NA", "-", [1], {}, 1, 2**70, True, None)]
ODD += [(name, value) for name in ("age", "size") for value in (-0.0, 5e-324, 2**53, 1e308, 98, 99, 100)]


@pytest.mark.parametrize("beside", [None, "Bern", 1])
def test_one_odd_value_makes_no_difference(plain, beside):
    row = {"age": 31, "size": 2.5, "town": "Ulm", "zip": 12, "member": "yes"}
    for name, value in ODD:
        columns = {key: [other, other] for key, other in row.items()}
        check_both_ways(plain, columns | {name: [value, beside]})


def test_plain_rows_are_read_the_quick_way(plain):
    row = {
        "age": [31, None],
        "size": [2.5, 1],
        "town": ["Ulm", None],
        "zip": [12, 13],
        "member": ["yes", None],
    }
    for model in plain:
        assert model.quick.read(row) is not None
        assert model.quick.read({**row, "age": ["31", None]}) is None
        assert model.quick.read({**row, "same": ["z", None]}) is not None
        assert model.quick.read({**row, "same": ["z", 1]}) is None  # with a note
