"""One fit over several processes: form the group, and estimate when more processes pay.

After ``initialize`` in every process, ``train``, ``train_many`` and the estimators take the rows of their process and train
one network on the rows of all.
"""

from .cost import CostEstimate, estimate
from .start import initialize, shutdown

__all__ = ["CostEstimate", "estimate", "initialize", "shutdown"]
