"""LaTeX to MathML, which browsers render natively, offline."""

from __future__ import annotations

import re
from functools import lru_cache

_FUNCTION = "<mi>(?:log|ln|exp|sin|cos|tanh|sign)</mi>"
_SPACE = '<mspace width="0.167em"/>'


@lru_cache(maxsize=4096)
def to_mathml(latex: str) -> str:
    """Return a LaTeX formula as a MathML element in display style.

    Examples
    --------
    >>> to_mathml("J").startswith("<math")
    True
    """
    return convert(latex).replace('display="inline"', 'displaystyle="true"', 1)


def convert(latex: str, display: str = "inline") -> str:
    """Return a LaTeX formula as a MathML element, with the spacing of TeX around log and similar functions.

    Examples
    --------
    >>> convert(r"y \\log a").count("mspace")
    2
    >>> convert(r"\\log(a)").count("mspace")
    0
    """
    from latex2mathml import converter

    text = re.sub(f"({_FUNCTION})(?=<m(?!o))", rf"\1{_SPACE}", converter.convert(latex, display=display))
    return re.sub(f"(?<=</mi>|</mn>)(?={_FUNCTION})", _SPACE, text)
