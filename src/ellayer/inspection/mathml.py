"""LaTeX to MathML, which a browser sets by itself, offline."""

from __future__ import annotations

import re
from functools import lru_cache

_FUNCTION = "<mi>(?:log|ln|exp|sin|cos|tanh|sign)</mi>"
_SPACE = '<mspace width="0.167em"/>'


@lru_cache(maxsize=4096)
def to_mathml(latex: str) -> str:
    """Return a LaTeX formula as a MathML element, large as on a line of its own.

    Examples
    --------
    >>> to_mathml("J").startswith("<math")
    True
    """
    return converted(latex).replace('display="inline"', 'displaystyle="true"', 1)


def converted(latex: str, display: str = "inline") -> str:
    """Return a LaTeX formula as a MathML element, with the space around log and its like that TeX sets.

    Examples
    --------
    >>> converted(r"y \\log a").count("mspace")
    2
    >>> converted(r"\\log(a)").count("mspace")
    0
    """
    from latex2mathml.converter import convert

    text = re.sub(f"({_FUNCTION})(?=<m(?!o))", rf"\1{_SPACE}", convert(latex, display=display))
    return re.sub(f"(?<=</mi>|</mn>)(?={_FUNCTION})", _SPACE, text)
