"""The functions of the lecture notes under their names and signatures: thin wrappers over ``core``.

``logistic``, ``shallow`` and ``deep`` are the three networks of the notes; ``demonstrations`` has
their small experiments. The mathematics is in ``core``; these modules add the names, the shapes of
the caches, the seeds and the printed output.
"""

from . import deep, demonstrations, logistic, shallow

__all__ = ["deep", "demonstrations", "logistic", "shallow"]
