"""Lists of plain data: what their types alone decide is what their items decide one by one."""

from __future__ import annotations

import numpy as np
import pytest

from ellayer import _forms
from ellayer._forms import Count, Finite, Positive, conform
from ellayer.errors import EllayerError

ITEMS = [True, 0, 1, -1, 10**30, 0.5, float("nan"), "a", None, [1], np.int64(3), np.float32(0.5)]


def message(value: object, form: object) -> str | None:
    try:
        conform(value, form, "list")  # type: ignore[type-var]
    except EllayerError as error:
        return str(error)
    return None


@pytest.mark.parametrize("form", [int, float, bool, str, Count, Positive, Finite, int | None, list[int]])
@pytest.mark.parametrize("at_the_end", [False, True])
def test_a_list_is_what_its_items_are(form, at_the_end, monkeypatch):
    lists = [[good, item] if at_the_end else [item, good] for item in ITEMS for good in (True, 2, 1.5, "b")]
    lists += [[], [1], ["a"]]
    quick = [message(items, list[form]) for items in lists]
    monkeypatch.setattr(_forms, "_all_have", lambda items, form: False)
    assert quick == [message(items, list[form]) for items in lists]
    assert None in quick
