"""Former home of ``core.registry``; ``Table`` is now ``Registry``."""

from .registry import Registry as Table

__all__ = ["Table"]
