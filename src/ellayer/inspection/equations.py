"""The equation of every quantity of a step, as plain text and as LaTeX."""

from __future__ import annotations

from typing import NamedTuple

from ..core.network import Network
from ..core.optimizers import Optimizer
from ..core.parameter_names import kind_of


class Equation(NamedTuple):
    """One equation: ``plain`` for a terminal, ``latex`` for a page."""

    plain: str
    latex: str


class Terms(NamedTuple):
    """Terms of a step in addition to forward, cost and backward.

    Parameters
    ----------
    weighted, l2, l1 : bool
    masked : tuple of int
        Layers with dropout, 0 for the input.
    """

    weighted: bool = False
    l2: bool = False
    l1: bool = False
    masked: tuple[int, ...] = ()


def equations(network: Network, terms: Terms, optimizer: Optimizer, rate: float) -> dict[str, Equation]:
    """Return the equation of each quantity by its name: "Z1", "A1", "J", "dA2", ..., "new W1".

    Parameters
    ----------
    network : Network
    terms : Terms
    optimizer : Optimizer
    rate : float
        The learning rate.

    Examples
    --------
    >>> from ellayer.core import OPTIMIZERS
    >>> equations(Network([2, 3, 1]), Terms(), OPTIMIZERS["gd"], 0.1)["Z1"].plain
    'Z1 = W1 A0 + b1'
    """
    table: dict[str, Equation] = {}
    if network.inputs is not None:
        table["A0"] = _inputs_forward(network)
    for l in range(1, network.L + 1):
        table |= _forward(network, l, l - 1 in terms.masked)
    table["J"] = _cost(network, terms)
    table |= _output(network, terms.weighted)
    for l in range(network.L, 0, -1):
        table |= _backward(network, l, terms)
    if network.inputs is not None:
        table |= _inputs_backward(network)
    for name in network.shapes:
        table[f"new {name}"] = _update(name, optimizer, rate)
    return table


def symbol(name: str) -> str:
    r"""Return a name in LaTeX: "dW1" is dW^{[1]}.

    >>> symbol("dW12"), symbol("J"), symbol("new b1")
    ('dW^{[12]}', 'J', 'b^{[1]}')
    """
    name = name.removeprefix("new ")
    letters = name.rstrip("0123456789")
    layer = name[len(letters) :]
    derivative = "d" if letters[:1] == "d" and len(letters) > 1 else ""
    letter = letters[len(derivative) :]
    letter = {"a": r"\alpha", "p": r"\varphi"}.get(letter, letter)
    return f"{derivative}{letter}" + (f"^{{[{layer}]}}" if layer else "")


def _forward(network: Network, l: int, masked: bool) -> dict[str, Equation]:
    g = network.activations[l - 1]
    row = network.layer_activations[l - 1]
    Z, A = symbol(f"Z{l}"), symbol(f"A{l}")
    plain, latex = _layer_input(l, masked)
    table = {}
    if masked:
        table[f"D{l - 1}"] = Equation(
            f"D{l - 1} = 0 or 1 / (1 - rate), at random", rf"D^{{[{l - 1}]}} \in \{{0, 1/(1-p)\}}"
        )
    W, b = symbol(f"W{l}"), symbol(f"b{l}")
    table[f"Z{l}"] = Equation(f"Z{l} = W{l} {plain} + b{l}", f"{Z} = {W} {latex} + {b}")
    if network.parametric and l < network.L:
        table[f"A{l}"] = Equation(
            f"A{l} = Z{l} + a{l} * ({g}(Z{l}) - Z{l})",
            rf"{A} = {Z} + \alpha^{{[{l}]}} \odot (g({Z}) - {Z}),\quad g(z) = {row.latex}",
        )
    else:
        table[f"A{l}"] = Equation(f"A{l} = {g}(Z{l})", rf"{A} = g({Z}),\quad g(z) = {row.latex}")
    return table


def _layer_input(l: int, masked: bool) -> Equation:
    """A^[l-1], times the mask of dropout."""
    A, D = symbol(f"A{l - 1}"), f"D^{{[{l - 1}]}}"
    return Equation(f"(A{l - 1} * D{l - 1})", rf"({A} \odot {D})") if masked else Equation(f"A{l - 1}", A)


def _cost(network: Network, terms: Terms) -> Equation:
    row, L = network.loss_row, network.L
    w, w_plain = ("w_i ", "w_i ") if terms.weighted else ("", "")
    plain = f"J = 1/m sum_i {w_plain}{network.loss}(A{L}(i), Y(i))"
    latex = rf"J = \frac{{1}}{{m}} \sum_{{i=1}}^{{m}} {w}L(a^{{(i)}}, y^{{(i)}})"
    if terms.l2:
        plain += " + l2/(2m) sum W^2"
        latex += r" + \frac{\lambda}{2m} \sum W^2"
    if terms.l1:
        plain += " + l1/m sum |W|"
        latex += r" + \frac{\lambda_1}{m} \sum |W|"
    return Equation(plain, rf"{latex},\quad L(a, y) = {row.latex}")


def _output(network: Network, weighted: bool) -> dict[str, Equation]:
    """dA^[L] and dZ^[L]."""
    row, L = network.loss_row, network.L
    w, w_plain = (r"w \odot ", "w * ") if weighted else ("", "")
    A, Z, dA, dZ = (symbol(f"{k}{L}") for k in ("A", "Z", "dA", "dZ"))
    table = {
        f"dA{L}": Equation(
            f"dA{L} = {w_plain}dL/da",
            rf"{dA} = {w}\frac{{\partial L}}{{\partial a}},\quad "
            rf"\frac{{\partial L}}{{\partial a}} = {row.latex_prime}",
        )
    }
    if network.fused:
        table[f"dZ{L}"] = Equation(
            f"dZ{L} = {w_plain}{'(' if w else ''}A{L} - Y{')' if w else ''}   [= dA{L} * g'(Z{L})]",
            rf"{dZ} = {w}{'(' if w else ''}{A} - Y{')' if w else ''} \quad (= {dA} \odot g'({Z}))",
        )
    else:
        table[f"dZ{L}"] = _activation_backward(network, L)
    return table


def _activation_backward(network: Network, l: int) -> Equation:
    row, g = network.layer_activations[l - 1], network.activations[l - 1]
    Z, dA, dZ = (symbol(f"{k}{l}") for k in ("Z", "dA", "dZ"))
    if not row.elementwise:
        return Equation(
            f"dZ{l} = J_g(Z{l})^T dA{l}, J_g the Jacobian of {g}",
            rf"dz_j = \sum_k da_k \frac{{\partial a_k}}{{\partial z_j}},\quad "
            rf"\frac{{\partial a_k}}{{\partial z_j}} = {row.latex_prime}",
        )
    if network.parametric and l < network.L:
        alpha = rf"\alpha^{{[{l}]}}"
        return Equation(
            f"dZ{l} = dA{l} * (1 - a{l} + a{l} * {g}'(Z{l}))",
            rf"{dZ} = {dA} \odot (1 - {alpha} + {alpha} \odot g'({Z})),\quad g'(z) = {row.latex_prime}",
        )
    return Equation(
        f"dZ{l} = dA{l} * {g}'(Z{l})", rf"{dZ} = {dA} \odot g'({Z}),\quad g'(z) = {row.latex_prime}"
    )


def _backward(network: Network, l: int, terms: Terms) -> dict[str, Equation]:
    masked = l - 1 in terms.masked
    dZ, W, D = symbol(f"dZ{l}"), symbol(f"W{l}"), f"D^{{[{l - 1}]}}"
    A = _layer_input(l, masked)
    plain = f"dW{l} = 1/m dZ{l} {A.plain}^T"
    latex = rf"{symbol(f'dW{l}')} = \frac{{1}}{{m}} {dZ} {{{A.latex}}}^T"
    if terms.l2:
        plain, latex = f"{plain} + l2/m W{l}", rf"{latex} + \frac{{\lambda}}{{m}} {W}"
    if terms.l1:
        plain = f"{plain} + l1/m sign(W{l})"
        latex = rf"{latex} + \frac{{\lambda_1}}{{m}} \mathrm{{sign}}({W})"
    table = {}
    if l < network.L:
        table[f"dZ{l}"] = _activation_backward(network, l)
    table[f"dW{l}"] = Equation(plain, latex)
    table[f"db{l}"] = Equation(
        f"db{l} = 1/m sum_i dZ{l}(i)",
        rf"{symbol(f'db{l}')} = \frac{{1}}{{m}} \sum_{{i=1}}^{{m}} dZ^{{[{l}](i)}}",
    )
    if network.parametric and l < network.L:
        Z = symbol(f"Z{l}")
        table[f"da{l}"] = Equation(
            f"da{l} = 1/m sum_i dA{l}(i) * ({network.activations[l - 1]}(Z{l}(i)) - Z{l}(i))",
            rf"d\alpha^{{[{l}]}} = \frac{{1}}{{m}} \sum_{{i=1}}^{{m}} {symbol(f'dA{l}')} \odot (g({Z}) - {Z})",
        )
    table[f"dA{l - 1}"] = Equation(
        f"dA{l - 1} = W{l}^T dZ{l}" + (f" * D{l - 1}" if masked else ""),
        rf"{symbol(f'dA{l - 1}')} = {{{W}}}^T {dZ}" + (rf" \odot {D}" if masked else ""),
    )
    return table


def _inputs_forward(network: Network) -> Equation:
    inputs = network.inputs
    assert inputs is not None
    parts, latex = (["x"], ["x"]) if inputs.numbers else ([], [])
    if inputs.numbers and inputs.frequencies:
        parts.append("V0 cos(2 pi (f0 x + p0)) + c0")
        latex.append(r"V \cos(2\pi(f x + \varphi)) + c")
    if inputs.numbers and inputs.ramps:
        parts.append("(x - t0_j) / (t0_{j+1} - t0_j) held to [0, 1]")
        latex.append(r"\mathrm{clip}\left(\frac{x - t_j}{t_{j+1} - t_j}, 0, 1\right)")
    parts.append("x")
    latex.append("x")
    if inputs.categories:
        parts.append("columns of E")
        latex.append(r"E_{:,k}")
    s, s_latex = ("s0 * ", r"s \odot ") if inputs.scaling else ("", "")
    rows = r";\ ".join(latex)
    return Equation(f"A0 = {s}[{'; '.join(parts)}]", rf"A^{{[0]}} = {s_latex}[{rows}]")


def _inputs_backward(network: Network) -> dict[str, Equation]:
    """The derivatives of the parameters before layer 1; D is the corresponding part of dA0 (times s)."""
    mean = r"\frac{1}{m} \sum_{i=1}^{m}"
    cosine = r"(-2\pi)\,(V^T D) \odot \sin(2\pi(f x + \varphi))"
    known = {
        "f": Equation("df0 = 1/m sum_i T * x, T = -2 pi (V0^T D) * sin(2 pi (f0 x + p0))",
                      rf"df = {mean} T \odot x,\quad T = {cosine}"),
        "p": Equation("dp0 = 1/m sum_i T", rf"d\varphi = {mean} T"),
        "V": Equation("dV0 = 1/m D cos(2 pi (f0 x + p0))^T", r"dV = \frac{1}{m} D \cos(2\pi(f x + \varphi))^T"),
        "c": Equation("dc0 = 1/m sum_i D", rf"dc = {mean} D"),
        "t": Equation("dt0_j = 1/m sum_i (u_j - 1) G_j - u_{j-1} G_{j-1}, G_j = D / (t0_{j+1} - t0_j) on ramp u_j",
                      rf"dt_j = {mean} (u_j - 1)\, G_j - u_{{j-1}}\, G_{{j-1}},\quad G_j = "
                      r"\frac{D\,[0 < u_j \le 1]}{t_{j+1} - t_j}"),
        "s": Equation("ds0 = 1/m sum_i dA0 * (A0 / s0)", rf"ds = {mean} dA^{{[0]}} \odot (A^{{[0]}} / s)"),
    }  # fmt: skip
    table = {}
    assert network.inputs is not None
    for name in network.inputs.shapes(network.layer_dims[0]):
        j = name[1:]
        table[f"d{name}"] = known.get(kind_of(name)) or Equation(
            f"dE{j} = 1/m D (one-hot codes)^T",
            rf"dE_{{{j}}} = \frac{{1}}{{m}} D\, (\text{{one-hot codes}})^T",
        )
    table["dX"] = Equation(
        "dX = dA0 back through the embeddings",
        r"dX = \left(\frac{\partial A^{[0]}}{\partial X}\right)^T dA^{[0]}",
    )
    return table


def _update(name: str, optimizer: Optimizer, rate: float) -> Equation:
    theta = symbol(name)
    if optimizer.name == "gd":
        plain = f"{name} := {name} - alpha d{name}, alpha = {rate:g}"
        return Equation(
            plain, rf"{theta} \leftarrow {theta} - \alpha\, {symbol(f'd{name}')},\quad \alpha = {rate:g}"
        )
    plain = f"{name} := {optimizer.name} of {name} and d{name}, alpha = {rate:g}"
    rule = optimizer.latex or rf"\text{{{optimizer.name}}}(\theta, d\theta)".replace("_", " ")
    return Equation(plain, rf"{theta} \leftarrow {rule},\quad \theta = {theta},\ \alpha = {rate:g}")
