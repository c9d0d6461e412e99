"""A page to try networks out: data, network, training, and the equations with their numbers.

``ellayer play`` opens it in the browser, and ``ellayer.play(result)`` from Python: the package is called like its
function ``play``. It requires the extra ``serve``: Starlette, uvicorn and websockets.
"""

from __future__ import annotations

from .._lazy import lazy_names, make_callable

_HOMES = {"Opening": ".opening", "make_app": ".app", "play": ".launch"}
__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
make_callable(__name__, "play")
