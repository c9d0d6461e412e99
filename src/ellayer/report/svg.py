"""Pictures inside a page: SVG in the page's colours and fonts, images as embedded PNG."""

from __future__ import annotations

import base64
import io
import re
from html import escape
from itertools import count

import numpy as np
from matplotlib.figure import Figure

from .style import arrange, look

# These colours are replaced by those of the page, which differ in light and dark mode.
_VARIABLES = {
    "#222222": "--ink", "#666666": "--edge", "#8a8f98": "--edge", "#dddddd": "--line", "#ffffff": "--paper", "white": "--paper",
    "#0072b2": "--blue", "#d55e00": "--orange", "#009e73": "--green", "#cc79a7": "--pink", "#e69f00": "--amber",
    "#56b4e9": "--sky", "#000000": "--ink", "#eef0f3": "--soft", "#eef3f8": "--soft", "#fff6ec": "--soft",
}  # fmt: skip
_FONT = "system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif"


class Pictures:
    """Converts figures to SVG with unique ids, because ids must not repeat within a page."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def figure(self, figure: Figure, description: str) -> str:
        """Return a figure as SVG with searchable text.

        Parameters
        ----------
        figure : Figure
        description : str
            Alternative text.
        """
        import matplotlib

        out = io.StringIO()
        figure.patch.set_visible(False)
        for axes in figure.axes:
            axes.patch.set_visible(False)
        with look(), matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "ellayer"}):
            arrange(figure)
            figure.savefig(
                out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
            )
        svg = out.getvalue()
        svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
        svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
        svg = re.sub(r"'DejaVu Sans'[^;\"]*", _FONT, svg)
        return self._add_name(svg, description)

    def drawing(self, svg: str, description: str) -> str:
        """Return an SVG of ``inspection`` in the page's colours."""
        svg = re.sub(r"<rect width='100%' height='100%' fill='white'/>", "", svg)
        svg = re.sub(r"<title>.*?</title>", "", svg, count=1, flags=re.DOTALL)
        return self._add_name(svg, description)

    def _add_name(self, svg: str, description: str) -> str:
        prefix = f"p{next(self._numbers)}-"
        svg = re.sub(r"\b(id=[\"'])", rf"\g<1>{prefix}", svg)
        svg = re.sub(r"(url\(#|href=[\"']#)", rf"\g<1>{prefix}", svg)
        head, _, body = svg.partition(">")
        head = re.sub(r"\srole=(['\"]).*?\1", "", head)
        head += f' role="img" aria-labelledby="{prefix}title"'
        for colour, variable in _VARIABLES.items():
            body = re.sub(
                rf"(fill|stroke)(: ?|=['\"]){colour}\b", rf"\1\2var({variable})", body, flags=re.IGNORECASE
            )
        return f'{head}><title id="{prefix}title">{escape(description)}</title>{body}'


def png(picture: np.ndarray, side: int = 160) -> str:
    """Return an image as a data URL.

    Parameters
    ----------
    picture : array, shape (h, w) or (h, w, 3), values in [0, 1]
    side : int
        Maximum number of pixels of the longer side; larger images are scaled down, to keep the page small.
    """
    from PIL import Image

    out = io.BytesIO()
    bytes_ = np.round(255 * np.nan_to_num(np.clip(picture, 0.0, 1.0))).astype(np.uint8)
    image = Image.fromarray(bytes_[..., 0] if bytes_.ndim == 3 and bytes_.shape[2] == 1 else bytes_)
    image.thumbnail((side, side))
    image.save(out, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def weight_picture(W: np.ndarray) -> np.ndarray:
    """Return weights as an image: grey is 0; in colour for coloured pixels, else as brightness."""
    top = float(np.abs(W).max()) or 1.0
    return 0.5 + 0.5 * W / top
