"""Each process reads its own files or row groups, and no others."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow.parquet
import pytest
from disturbances import table, write_parts

from ellayer import EllayerError, TabularClassifier, load
from ellayer.data import TableStream, read_examples
from ellayer.data.shares import Part, parts_of, row_groups, share_of
from ellayer.distributed import initialize, shutdown
from ellayer.runs.shared_table import SharedTable, open_shared


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_parts(tmp_path_factory.mktemp("shared"))


def rows_of(shared: SharedTable) -> pl.DataFrame:
    """Return the rows that a process has, as one frame."""
    return pl.concat([X for X, _ in shared.rows.blocks()])


@pytest.fixture
def alone():
    yield initialize()
    shutdown()


@pytest.mark.parametrize("size", [1, 70, 900])
def test_row_groups_are_those_that_pyarrow_reads(tmp_path, size):
    frame = table().with_columns(pl.lit(True).alias("t"), pl.lit(None, pl.String).alias("n"))
    frame.write_parquet(tmp_path / "p.parquet", row_group_size=size * 3)
    pyarrow.parquet.write_table(frame.to_arrow(), tmp_path / "a.parquet", row_group_size=size)
    for path in tmp_path.iterdir():
        facts = pyarrow.parquet.read_metadata(path)
        assert row_groups(path) == [facts.row_group(k).num_rows for k in range(facts.num_row_groups)]


@pytest.mark.parametrize(
    "data", [b"", b"PAR1", b"\xff" * 9 + b"\x05\0\0\0PAR1", b"\xff" * 99 + b"\xff\0\0\0PAR1"]
)
def test_damaged_files_have_no_row_groups(tmp_path, data):
    (tmp_path / "a.parquet").write_bytes(data)
    with pytest.raises(EllayerError, match="expected a Parquet table with rows"):
        row_groups(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    "size", [1, 2, 3, 7, 8]
)  # older versions of polars write 8 row groups, newer ones 12
def test_every_row_has_one_process(folder, size):
    name, parts, sizes = parts_of(str(folder / "parts" / "*.parquet"))
    shares = [share_of(parts, sizes, rank, size) for rank in range(size)]
    rows = [
        pl.concat([X for part in share for X, _ in TableStream(part.path, "y", rows=part[1:]).blocks()])
        for share in shares
    ]
    assert name == "parts"
    assert pl.concat(rows).equals(table().drop("y"))
    assert max(map(len, rows)) - min(map(len, rows)) <= 200


def test_files_of_text_are_shared_by_their_sizes(tmp_path):
    for k, lines in enumerate((10, 10, 40, 40)):
        (tmp_path / f"{k}.csv").write_text("a,y\n" + "1,2\n" * lines)
    _, parts, sizes = parts_of(tmp_path)
    assert [len(share_of(parts, sizes, rank, 2)) for rank in (0, 1)] == [3, 1]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda folder: share_of(*parts_of(folder / "whole.parquet")[1:], 0, 10), "as row groups, 9, received 10"),
        (lambda folder: share_of([Part(folder)], [1], 0, 2), "as many processes as files, 1, received 2"),
        (lambda folder: parts_of(str(folder / "*.xyz")), "received none"),
        (lambda folder: parts_of("-"), "received standard input"),
        (lambda folder: parts_of([folder / "whole.parquet", __file__]), "files of one kind"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_shared(folder, make, text):
    with pytest.raises(EllayerError, match=text):
        make(folder)


def test_rows_have_the_same_keys_in_parts_and_in_one_file(folder, alone):
    whole = open_shared(str(folder / "whole.parquet"), "y", 0.2, 3, {})
    parts = open_shared(str(folder / "parts"), "y", 0.2, 3, {})
    assert np.array_equal(whole.keys, parts.keys)
    assert rows_of(whole).equals(rows_of(parts))
    assert rows_of(whole).equals(table().drop("y"))
    test, sample = whole.apart(0.0, 0.2), whole.apart(*whole.sample)
    assert test.m + sample.m == whole.total == 900
    assert whole.count == sample.m == len(next(whole.blocks())[1])
    assert test.X.equals(parts.apart(0.0, 0.2).X)


def test_files_whose_rows_are_all_held_out_give_no_block(tmp_path, alone):
    for k in range(12):
        (tmp_path / f"{k:02}.csv").write_text(f"a,y\n{k + 20},{k + 40}\n")
    shared = open_shared(str(tmp_path), "y", 0.5, 0, {})
    assert [len(y) for _, y in shared.blocks()] == [1] * shared.count
    assert 0 < shared.count < shared.total == 12


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (table().rename({"w": "z"}), r"b\.csv lacks 'w' and has also 'z', unlike .*a\.csv"),
        (
            table().with_columns(pl.lit("n/k").alias("w")),
            r"b\.csv .*'w': expected numbers .*, received 'n/k'",
        ),
        (table().with_columns(pl.lit(None).alias("y")), "expected rows with a value in 'y'"),
    ],
)
def test_parts_that_do_not_fit(tmp_path, alone, frame, text):
    table().write_csv(tmp_path / "a.csv")
    frame.write_csv(tmp_path / "b.csv")
    with pytest.raises(EllayerError, match=text):
        open_shared(
            [str(tmp_path / name) for name in (["b.csv"] if "value" in text else ["a.csv", "b.csv"])],
            "y",
            0,
            1,
            {},
        )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_in_parts_gives_the_model_of_the_single_file(tmp_path, suffix):
    write_parts(tmp_path, suffix)
    options = {"n_members": 1, "epochs": 3, "hidden_layer_sizes": [4], "random_state": 0}
    parts = tmp_path / "parts"
    files = [parts / f"{k}.{suffix}" for k in range(4)]
    whole, *others = (
        read_examples(source, target="y")
        for source in (tmp_path / f"whole.{suffix}", parts, str(parts / f"*.{suffix}"), files)
    )
    for examples in others:
        assert examples.X.equals(whole.X)
        assert np.array_equal(examples.y, whole.y)
    first, second = (
        TabularClassifier(**options).fit(examples.X, examples.y).members_[0]
        for examples in (whole, others[0])
    )
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_the_command_gives_the_model_of_the_single_file(tmp_path, undrawn_pages, ellayer):
    models = []
    for suffix, source in (("csv", "whole.csv"), ("csv", "parts/*.csv"), ("parquet", "parts")):
        place = tmp_path / f"{len(models)}"
        place.mkdir()
        write_parts(place, suffix)
        options = (
            "--target",
            "y",
            "--members",
            1,
            "--epochs",
            1,
            "--layers",
            4,
            "--out",
            place / "run",
            "--quiet",
        )
        done = ellayer("train", place / source, *options)
        assert done.returncode == 0, done.stderr
        models.append(load(place / "run" / "model.ellayer").members_[0])
    for other in models[1:]:
        assert all(np.array_equal(models[0][name], other[name]) for name in models[0])
