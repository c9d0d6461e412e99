"""Pictures of a run, step by step: boundary, weights, gradients and loss, as HTML with a slider or as a GIF."""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._views import page
from ..core.inference import class_index
from ..core.network import Network
from ..core.propagation import L_model_backward, L_model_forward
from .model_parts import Parameters

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec
    from PIL.Image import Image

_GRID = 70  # points along an axis of the boundary
_COLOURS = 64  # of a picture: a third of the size without a visible difference
_MOST_LAYERS = 4  # whose weights are drawn


@dataclass(frozen=True)
class Frame:
    """One recorded step.

    Attributes
    ----------
    iteration : int
    loss : float
    parameters : dict
    gradient_norms : tuple of float
        |dW^[l]| of each layer.
    """

    iteration: int
    loss: float
    parameters: Parameters
    gradient_norms: tuple[float, ...]


def frame_of(
    network: Network, parameters: Parameters, X: np.ndarray, Y: np.ndarray, iteration: int, loss: float
) -> Frame:
    """Return a frame, with the gradients on the examples."""
    with np.errstate(all="ignore"):
        AL, caches = L_model_forward(X, parameters, network)
        grads = L_model_backward(AL, Y, caches, network, input_gradient=False)
    norms = tuple(float(np.linalg.norm(grads[f"dW{l}"])) for l in range(1, network.L + 1))
    return Frame(iteration, loss, parameters, norms)


def draw(network: Network, X: np.ndarray, Y: np.ndarray, frames: Sequence[Frame], k: int) -> Image:
    """Return the picture of one frame; its curves show the frames up to it, on axes that fit all."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    flat = len(X) == 2
    figure = Figure(figsize=(11.0 if flat else 8.2, 2.9), dpi=80)
    canvas: Any = FigureCanvasAgg(figure)
    grid = figure.add_gridspec(1, 4 if flat else 3, left=0.02, right=0.98, bottom=0.12, top=0.88, wspace=0.24)
    if flat:
        _boundary(figure.add_subplot(grid[0]), network, frames[k].parameters, X, Y)
    _weights(figure, grid[-3], network, frames, k)
    _norms(figure.add_subplot(grid[-2]), frames, k)
    _losses(figure.add_subplot(grid[-1]), frames, k)
    canvas.draw()
    from PIL import Image as image

    return image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").quantize(_COLOURS)


def _boundary(axes: Axes, network: Network, parameters: Parameters, X: np.ndarray, Y: np.ndarray) -> None:
    (left, low), (right, high) = X.min(axis=1), X.max(axis=1)
    wide, tall = 0.08 * ((right - left) or 1.0), 0.08 * ((high - low) or 1.0)
    extent = (left - wide, right + wide, low - tall, high + tall)
    a, b = np.meshgrid(np.linspace(*extent[:2], _GRID), np.linspace(*extent[2:], _GRID))
    AL, _ = L_model_forward(np.stack([a.ravel(), b.ravel()]), parameters, network)
    labelled = network.loss_row.targets in ("binary", "one_hot")
    prediction = class_index(AL) if len(AL) > 1 and labelled else AL[0]
    truth = class_index(Y) if labelled else Y[0]
    colours: dict[str, Any] = {"cmap": "RdBu" if labelled and len(AL) == 1 else "viridis"}
    if labelled:
        colours |= {"vmin": 0, "vmax": max(len(AL) - 1, 1)}
    axes.imshow(
        prediction.reshape(_GRID, _GRID), extent=extent, origin="lower", aspect="auto", alpha=0.6, **colours
    )
    axes.scatter(X[0], X[1], c=truth, s=9, edgecolors="black", linewidths=0.3, **colours)
    axes.set(title="prediction", xticks=[], yticks=[])


def _weights(figure: Figure, place: SubplotSpec, network: Network, frames: Sequence[Frame], k: int) -> None:
    layers = range(1, min(network.L, _MOST_LAYERS) + 1)
    inner = place.subgridspec(1, len(layers))
    for l in layers:
        largest = max(float(np.abs(frame.parameters[f"W{l}"]).max()) for frame in frames) or 1.0
        axes = figure.add_subplot(inner[0, l - 1])
        W = frames[k].parameters[f"W{l}"]
        axes.imshow(W, cmap="RdBu", vmin=-largest, vmax=largest, aspect="auto", interpolation="nearest")
        axes.set(title=f"$W^{{[{l}]}}$", xticks=[], yticks=[])


def _norms(axes: Axes, frames: Sequence[Frame], k: int) -> None:
    steps = [frame.iteration for frame in frames]
    for l, norms in enumerate(zip(*(frame.gradient_norms for frame in frames), strict=True), start=1):
        (line,) = axes.plot(steps[: k + 1], norms[: k + 1], label=f"layer {l}")
        axes.plot(steps, norms, color=line.get_color(), alpha=0.15)
    axes.set(title="size of the gradients", yscale="log")
    axes.legend(fontsize=7, loc="upper right")
    _small_ticks(axes)


def _losses(axes: Axes, frames: Sequence[Frame], k: int) -> None:
    steps, losses = [frame.iteration for frame in frames], [frame.loss for frame in frames]
    axes.plot(steps, losses, alpha=0.15, color="C1")
    axes.plot(steps[: k + 1], losses[: k + 1], color="C1")
    axes.plot(steps[k], losses[k], "o", color="C1")
    axes.set_title(f"loss {losses[k]:.4g} after {steps[k]:,} updates", fontsize=9)
    _small_ticks(axes)


def _small_ticks(axes: Axes) -> None:
    """Shrink the numbers of a narrow picture, and abbreviate those of updates: 150k."""
    from matplotlib.ticker import EngFormatter

    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.tick_params(which="both", labelsize=7)


def gif(pictures: Sequence[Image], milliseconds: int) -> bytes:
    """Return pictures as an animated GIF in a loop, with a longer last frame."""
    out = io.BytesIO()
    durations = [milliseconds] * (len(pictures) - 1) + [10 * milliseconds]
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0)
    return out.getvalue()


def slider(pictures: Sequence[Image], steps: Sequence[int]) -> str:
    """Return pictures with a slider as self-contained HTML; without scripts it shows the last one."""
    sources = [_source(picture) for picture in pictures]
    name = f"ellayer-film-{zlib.crc32(''.join(sources).encode()):08x}"
    last, width = len(sources) - 1, pictures[0].width
    script = (
        f'(()=>{{const r=document.getElementById("{name}"),s={json.dumps(sources)},n={json.dumps(list(steps))};'
        'const i=r.querySelector("input"),g=r.querySelector("img"),o=r.querySelector("output"),b=r.querySelector("button");'
        'let t=null;const show=()=>{g.src=s[i.value];o.textContent=n[i.value].toLocaleString("en")+" updates"};'
        "const stop=()=>{clearInterval(t);t=null;b.textContent=\"Play\"};i.oninput=()=>{stop();show()};"
        "b.onclick=()=>{if(t)return stop();if(+i.value>=s.length-1)i.value=0;b.textContent=\"Stop\";"
        "t=setInterval(()=>{if(+i.value>=s.length-1)return stop();i.value=+i.value+1;show()},120);show()};show()})()"
    )  # fmt: skip
    return page(
        f'<div id="{name}"><img src="{sources[-1]}" width="{width}" alt="Step of a training run" style="max-width:100%;'
        'background:#fff"><p><button type="button">Play</button> '
        f'<input type="range" min="0" max="{last}" value="{last}" aria-label="Recorded step" style="width:50%;'
        f'vertical-align:middle"> <output class="stats">{steps[-1]:,} updates</output></p></div><script>{script}</script>'
    )


def still(picture: Image) -> str:
    """Return one picture as HTML."""
    return page(f'<img src="{_source(picture)}" width="{picture.width}" alt="Step of a training run">')


def _source(picture: Image) -> str:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
