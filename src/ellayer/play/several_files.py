"""Several files in the body of one request."""

from __future__ import annotations

import json

from ..errors import EllayerError
from . import limits

MOST_NAME = 500  # characters
MOST_HEAD = 1_000_000  # bytes of the first line


def split_files(body: bytes) -> dict[str, bytes]:
    """Return the content of each file by its name.

    Parameters
    ----------
    body : bytes
        A line of JSON, ``[[name, bytes], ...]``, and the contents one after the other.

    Raises
    ------
    EllayerError
        For another form, too many files and a file that is too large.

    Examples
    --------
    >>> split_files(b'[["a.csv",3],["b/c",1]]\\nx,yz')
    {'a.csv': b'x,y', 'b/c': b'z'}
    """
    head, _, rest = body.partition(b"\n")
    try:
        entries = json.loads(head if len(head) <= MOST_HEAD else b"")
        sizes = {str(name)[:MOST_NAME]: size for name, size in entries}
    except (ValueError, TypeError, RecursionError):
        raise EllayerError(
            "files: expected a first line [[name, bytes], ...] in JSON, received another; try the page, or one line for all files"
        ) from None
    if len(entries) > limits.FILES or len(sizes) < len(entries):
        raise EllayerError(
            f"files: expected at most {limits.FILES} with different names, received {len(entries)}; try the model and its "
            "table alone"
        )
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= limits.UPLOAD_BYTES:
            raise EllayerError(
                f"{name[:100]}: expected a size of at most {limits.UPLOAD_BYTES:,} bytes, received {str(size)[:40]}; try "
                "without this file, or a part of its rows"
            )
    if sum(sizes.values()) != len(rest):
        raise EllayerError(
            f"files: expected {sum(sizes.values()):,} bytes in all, received {len(rest):,}; try the sizes of the contents "
            "in bytes"
        )
    contents, at = {}, 0
    for name, size in sizes.items():
        contents[name], at = rest[at : at + size], at + size
    return contents
