"""An error of one process is raised in all of its group, as what it is: of the input, or a fault."""

from __future__ import annotations

import numpy as np
import pytest
from thread_groups import _own, group_of_thread, run_threads

import ellayer
from ellayer import EllayerError
from ellayer.engine import training_data


def raised(error: Exception, failing: int, agree: bool) -> list[Exception]:
    """Return what each of three processes raises if one of them fails."""

    def work(rank: int) -> Exception:
        def fail() -> None:
            if rank == failing:
                raise error

        with pytest.raises(type(error) if rank == failing else Exception) as caught:  # noqa: PT012
            if agree:
                _own.group.agree(fail)
            else:
                with _own.group.together():
                    fail()
        return caught.value

    return run_threads(work, 3)


@pytest.mark.parametrize("agree", [False, True])
@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (EllayerError("X: expected rows"), EllayerError, "X: expected rows"),
        (FileNotFoundError("no such file"), EllayerError, "no such file"),
        (MemoryError(), EllayerError, "MemoryError"),
        (ValueError("Unknown label type"), ValueError, "Unknown label type"),
        (KeyError("weights"), RuntimeError, "KeyError: 'weights'"),
    ],
)
def test_only_an_error_of_the_input_is_one_in_other_processes(error, kind, text, agree):
    failing = 0 if agree else 1
    results = raised(error, failing, agree)
    assert results[failing] is error
    for rank in {0, 1, 2} - {failing}:
        assert type(results[rank]) is kind
        assert str(results[rank]) == (text if agree else f"process 1: {text}")


def test_weights_in_one_process_alone_are_named(monkeypatch):
    X, Y = np.ones((2, 4)), np.ones((1, 4))

    def work(rank: int) -> str:
        with pytest.raises(EllayerError) as caught:
            ellayer.train(ellayer.Network([2, 1]), X, Y, sample_weight=[None, np.ones(4)][rank])
        return str(caught.value)

    with group_of_thread(monkeypatch, training_data):
        messages = run_threads(work, 2)
    text = (
        "sample_weight: expected the same in every process of the group, received False in process 0 and True"
    )
    assert all(text in message for message in messages)
