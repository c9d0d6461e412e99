"""A Dockerfile for a server of models."""

from __future__ import annotations

import json
from collections.abc import Sequence

from .. import __version__

_TEMPLATE = """\
FROM python:3.12-slim
RUN pip install --no-cache-dir "ellayer[serve]=={version}"
RUN useradd --create-home ellayer
{copies}
USER ellayer
EXPOSE {port}
HEALTHCHECK CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:{port}/v2/health/ready', timeout=3)"]
CMD {command}
"""


def dockerfile(models: Sequence[tuple[str, str]], port: int) -> str:
    """Return a Dockerfile that serves models.

    Parameters
    ----------
    models : sequence of (str, str)
        The name of each model, and the path of its file, relative to the folder in which the image is built.
    port : int

    Examples
    --------
    >>> print(dockerfile([("titanic", "runs/titanic-1/model.ellayer")], 8080).splitlines()[3])
    COPY ["runs/titanic-1/model.ellayer", "/models/titanic.ellayer"]
    """
    copies = "\n".join(f"COPY {json.dumps([path, f'/models/{name}.ellayer'])}" for name, path in models)
    files = [f"{name}=/models/{name}.ellayer" for name, _ in models]
    command = json.dumps(["ellayer", "serve", *files, "--host", "0.0.0.0", "--port", str(port)])
    return _TEMPLATE.format(version=__version__, copies=copies, port=port, command=command)
