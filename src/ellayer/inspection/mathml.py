"""LaTeX to MathML, which a browser sets by itself, offline."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def to_mathml(latex: str) -> str:
    """Return a LaTeX formula as a MathML element.

    Examples
    --------
    >>> to_mathml("J").startswith("<math")
    True
    """
    from latex2mathml.converter import convert

    return convert(latex).replace('display="inline"', 'displaystyle="true"', 1)
