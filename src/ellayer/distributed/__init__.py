"""One fit over several processes.

After ``initialize`` in every process, ``train`` and ``train_many`` take the rows of their process and train one network
on the rows of all.
"""

from .start import initialize, shutdown

__all__ = ["initialize", "shutdown"]
