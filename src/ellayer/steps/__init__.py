"""The notes' functions under the notes' names and signatures: thin dresses over ``core``, to read and call.

``logistic``, ``shallow`` and ``deep`` are the three networks of the notes; ``demonstrations`` holds
their small experiments. The mathematics stands in ``core`` alone; here stand the names, the shapes of
the caches, the seeds and the printed lines.
"""

from . import deep, demonstrations, logistic, shallow

__all__ = ["deep", "demonstrations", "logistic", "shallow"]
