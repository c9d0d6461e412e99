"""Array types with shapes, for annotations: ``Float[Array, "n m"]``.

They are ``typing.Annotated``; a test puts jaxtyping's types in their place, so that beartype checks every call.
"""

from typing import Annotated as Float
from typing import Annotated as Shaped

__all__ = ["Float", "Shaped"]
