"""The generators of ``benchmarks/storm.py``, which tries thousands: a few of their files, the same in every run."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
import storm_files

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs an alarm"),
]
quick = settings(max_examples=80, deadline=None, derandomize=True, database=None)


@pytest.fixture(scope="module")
def files(samples, tmp_path_factory):
    before = signal.getsignal(signal.SIGALRM)
    with np.errstate(all="ignore"):
        yield storm_files.Files(tmp_path_factory.mktemp("random"), 0, samples)
    signal.signal(signal.SIGALRM, before)


@quick
@given(number=st.integers(0, 10**9))
def test_a_file_of_the_storm_is_refused_or_used(files, number):
    change, use = files.make(number)
    assert storm_files.outcome(use) in storm_files.GOOD, change


edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=6)), max_size=4)


@quick
@given(which=st.integers(0, 255), edits=edits)
def test_bytes_of_the_fuzzer_are_refused_or_used(files, which, edits):
    """Replace bytes of a table, as the fuzzer does, which begins with the same tables."""
    texts = [*files.texts.values()]
    data = bytearray(texts[which % len(texts)])
    for share, removed, inserted in edits:
        place = round(share * len(data))
        data[place : place + removed] = inserted
    change, use = files.of_bytes(bytes([which]) + data)
    assert storm_files.outcome(use) in storm_files.GOOD, change


def test_an_outcome_that_is_no_refusal_is_named(files, monkeypatch):
    monkeypatch.setattr(storm_files, "SECONDS", 1)
    assert storm_files.outcome(lambda: 1 / 0) == "traceback: ZeroDivisionError: division by zero"
    assert storm_files.outcome(lambda: signal.pause()) == "hang"
