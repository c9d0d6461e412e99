"""Names of the rows of A^[0], which the first layer multiplies."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.inputs import Inputs


def input_names(names: Sequence[str], inputs: Inputs | None) -> list[str]:
    """Return the names of the rows of A^[0] for those of X.

    Examples
    --------
    >>> input_names(["age", "old", "town"], Inputs(numbers=1, frequencies=0, ramps=2, categories=(3,), dimension=2))
    ['age', 'age: ramp 1', 'age: ramp 2', 'old', 'town[1]', 'town[2]']
    """
    if inputs is None:
        return list(names)
    last = len(names) - len(inputs.categories)
    numbers, rest, categories = names[: inputs.numbers], names[inputs.numbers : last], names[last:]
    cosines = inputs.width if inputs.frequencies else 0
    return [
        *numbers,
        *(f"{name}: cosines {k + 1}" for name in numbers for k in range(cosines)),
        *(f"{name}: ramp {k + 1}" for name in numbers for k in range(inputs.ramps)),
        *rest,
        *(f"{name}[{d + 1}]" for name in categories for d in range(inputs.dimension)),
    ]


def row_names(names: Sequence[str], n_x: int) -> tuple[str, ...]:
    """Return the names of the rows of X; of a table without usable columns X has a row of zeros."""
    return tuple(names) or ("nothing",) * n_x
