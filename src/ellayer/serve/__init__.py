"""Serve saved models over HTTP: the Open Inference Protocol V2, MLflow's scoring protocol, and a web page.

``ellayer serve MODEL...`` starts a server; ``make_app`` returns the ASGI application for other servers. It requires the extra
``serve``: Starlette, uvicorn and prometheus-client.
"""

from .app import make_app
from .limits import Limits
from .models import ModelStore

__all__ = ["Limits", "ModelStore", "make_app"]
