"""The same work in Ellayer and in its peers, one module each, one function per kind of workload."""

from __future__ import annotations

from importlib.util import find_spec

CONTENDERS = {
    "ellayer": ("ellayer_", {"engine": "auto"}),
    "ellayer-cached": ("ellayer_", {"engine": "auto"}),
    "ellayer-numpy": ("ellayer_", {"engine": "numpy"}),
    "ellayer-jax": ("ellayer_", {"engine": "jax"}),
    "ellayer-warm": ("ellayer_", {"engine": "auto", "compiled": True}),
    "ellayer-one-by-one": ("ellayer_", {"together": False}),
    "notes": ("notes_", {}),
    "sklearn": ("sklearn_", {}),
    "torch": ("torch_", {}),
    "jax-autodiff": ("jax_autodiff", {}),
    "limit": ("limit", {}),
}
"""Name -> (module of this package, keyword arguments of its functions)."""


def available(name: str) -> bool:
    """Tell whether what a contender needs is installed."""
    return name != "torch" or find_spec("torch") is not None
