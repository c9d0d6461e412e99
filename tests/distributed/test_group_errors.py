"""An error of one process is raised in all of its group, as what it is: of the input, or a fault."""

from __future__ import annotations

import pytest
from thread_groups import _own, run_threads

from ellayer import EllayerError


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
