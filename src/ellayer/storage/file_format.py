"""The file format: safetensors with one JSON text as metadata and a SHA-256 of every byte, written atomically.

    metadata["ellayer"] = {"format_version": 1, "kind": ..., "sha256": ..., "versions": ..., "content": ...}

The digest is computed over the whole file with 64 zeros in place of the digest, so that any change of header,
JSON or arrays is detected (safetensors itself checks sizes, not contents).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from .. import __version__
from .._forms import Positive, conform
from .._unfinished import create_partial, partial_name, remove_abandoned
from .plain_data import Arrays, ModelFileError, decode, encode

FORMAT_VERSION = 1

_KEY = "ellayer"
_DTYPES = {
    "BOOL": "?", "C64": "<c8", "F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8",
    "U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8",
}  # fmt: skip
_BLOCK = 1 << 20  # bytes
_MOST_CONTAINERS = 1_000_000  # lists and dicts in a description; each takes twenty times its text in memory
_ZEROS = "0" * 64
_LONGEST_HEADER = 100_000_000  # the limit of safetensors
_FOREIGN = {b"PK": "a zip archive (.npz, .xlsx, PyTorch)", b"\x80": "a pickle (read it with joblib or pickle)",
            b"\x89HDF": "an HDF5 file", b"\x08": "an ONNX model"}  # fmt: skip


class Versioned(TypedDict):
    """The part of a description that every version has."""

    format_version: Positive


class Description(Versioned):
    """The metadata of a file."""

    kind: str
    sha256: str
    versions: dict[str, str]
    content: object


def write(path: str | os.PathLike[str], kind: str, content: object) -> None:
    """Write a tree of plain data and arrays into one file, atomically.

    Parameters
    ----------
    path : path
    kind : str
        The kind of content: "TrainingResult", "checkpoint", ...
    content : tree
        As for ``plain_data.encode``.

    Raises
    ------
    ModelFileError
        If the content is not plain data.
    OSError
        If the file cannot be written; an existing file is kept.
    """
    arrays: Arrays = {}
    versions = {"ellayer": __version__, "numpy": np.__version__, "python": platform.python_version()}
    description = {
        "format_version": FORMAT_VERSION,
        "kind": kind,
        "sha256": _ZEROS,
        "versions": versions,
        "content": encode(content, arrays),
    }
    blob = with_digest(description, arrays)
    with replacing(path) as partial, open(partial, "wb") as file:
        file.write(blob)


def with_digest(description: dict[str, Any], arrays: Arrays) -> bytearray:
    """Return the bytes of a file, with the digest of the whole in the place of the zeros of the description.

    Parameters
    ----------
    description : dict
        As in the summary of this module, in JSON's types.
    arrays : dict
        The arrays that the content names.

    Returns
    -------
    bytearray
    """
    from safetensors.numpy import save

    blob = bytearray(save(arrays, {_KEY: json.dumps(description, allow_nan=False)}))
    header = int.from_bytes(blob[:8], "little")
    if header > _LONGEST_HEADER:
        raise ModelFileError(
            f"expected a description of at most {_LONGEST_HEADER:,} bytes, received {header:,}; is the history very "
            "long? Train with a larger record_every"
        )
    place = _digest_place(bytes(blob[: 8 + header]), _ZEROS)
    blob[place : place + len(_ZEROS)] = hashlib.sha256(blob).hexdigest().encode()
    return blob


def read(path: str | os.PathLike[str], kinds: tuple[str, ...]) -> tuple[str, Any]:
    """Read a file written by ``write``, after checking that it is complete.

    Parameters
    ----------
    path : path
    kinds : tuple of str
        The kinds accepted.

    Returns
    -------
    kind : str
    content : tree

    Raises
    ------
    ModelFileError
        For a truncated, altered or newer file, or one of another format or kind.
    FileNotFoundError
    """
    path = Path(path)
    description = _read_description(path)
    _check_kind(path, description["kind"], kinds)
    arrays = _read_arrays(path, description["sha256"])
    try:
        content = decode(description["content"], arrays)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: expected a consistent description; {error!r}") from None
    if arrays:
        raise ModelFileError(
            f"{path}: expected no array without a place, received {', '.join(sorted(arrays)[:5])}"
        )
    return description["kind"], content


def read_facts(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return facts of a file: kind, format version, SHA-256, and the versions that wrote it.

    Parameters
    ----------
    path : path
        A file that ``read`` has checked.

    Returns
    -------
    dict
        "kind", "format_version", "sha256", "versions".

    Raises
    ------
    ModelFileError
        For a newer file, or one of another format.
    FileNotFoundError
    """
    description = _read_description(Path(path))
    return {name: description.get(name) for name in ("kind", "format_version", "sha256", "versions")}


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary file to write, and rename it to ``path`` on success.

    Its name is ``.NAME.*.partial`` in the same folder, so that the last step is a rename on one disk;
    contents and folder are flushed to the disk. On failure it is removed, and so are those of killed processes.

    Parameters
    ----------
    path : path

    Yields
    ------
    Path
    """
    target = Path(os.path.realpath(path))  # follow a symbolic link, which is kept
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"expected an existing folder, received {str(target.parent)!r}; create it first"
        )
    if target.is_dir():
        raise IsADirectoryError(f"expected the name of a file, received the folder {str(target)!r}")
    if target.exists() and not target.is_file():
        raise FileExistsError(f"expected the name of a file, received the device or pipe {str(target)!r}")
    remove_abandoned(target.parent, target.name)
    with create_partial(target.with_name(partial_name(target.name)), mode=0o666) as partial:
        yield partial
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, target)
    if os.name == "posix":  # elsewhere a folder cannot be flushed
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _digest_place(header: bytes, digest: str) -> int:
    """Return the position of the digest; quotes of the JSON text are escaped within the header."""
    mark = rb"\"sha256\": \""
    return header.index(mark + digest.encode()) + len(mark)


def _read_arrays(path: Path, digest: str) -> Arrays:
    """Return the arrays of a file, views of one piece of memory, after checking the digest of all that is read."""
    sha = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        header = file.read(8)
        header += file.read(int.from_bytes(header, "little"))
        try:
            place = _digest_place(header, digest)
        except ValueError:
            raise _alteration_error(path, digest, "no place for one") from None
        sha.update(header[:place] + _ZEROS.encode() + header[place + len(_ZEROS) :])
        data = np.empty(os.fstat(file.fileno()).st_size - len(header), np.uint8)
        for begin in range(0, len(data), _BLOCK):  # hashed while the block is in the processor's cache
            block = data.data[begin : begin + _BLOCK]
            if file.readinto(block) != len(block):
                raise ModelFileError(_not_whole(path, "it became shorter while it was read"))
            sha.update(block)
    if sha.hexdigest() != digest:
        raise _alteration_error(path, digest, sha.hexdigest())
    tensors = {name: tensor for name, tensor in json.loads(header[8:]).items() if name != "__metadata__"}
    if unknown := {tensor["dtype"] for tensor in tensors.values()} - _DTYPES.keys():
        raise ModelFileError(f"{path}: expected arrays of {', '.join(_DTYPES)}, received {unknown.pop()}")
    return {name: _array(data, **tensor) for name, tensor in tensors.items()}


def _array(data: np.ndarray, dtype: str, shape: list[int], data_offsets: list[int]) -> np.ndarray:
    """Return the array of a header's entry, which safetensors has checked."""
    array = data[slice(*data_offsets)].view(_DTYPES[dtype]).reshape(shape)
    return array if array.flags.aligned else array.copy()


def _alteration_error(path: Path, expected: str, received: str) -> ModelFileError:
    return ModelFileError(
        f"{path}: expected SHA-256 {expected[:16]}..., received {received[:16]}...; the file was altered after it was "
        "written: copy or download it again"
    )


def _read_description(path: Path) -> dict[str, Any]:
    """Return the description of a file; safetensors checks the sizes, before memory is allocated."""
    try:
        is_file = stat.S_ISREG(os.stat(path).st_mode)
    except ValueError as error:  # a null byte
        raise ModelFileError(f"expected the path of a file, received {str(path)!r}: {error}") from None
    if not is_file:
        raise ModelFileError(f"expected a file, received {str(path)!r}, which is a folder or a device")
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return _description(path, (file.metadata() or {}).get(_KEY))
    except SafetensorError as error:
        raise ModelFileError(_not_whole(path, str(error))) from None


def _description(path: Path, text: str | None) -> dict[str, Any]:
    """Return the JSON of a file of this version, or raise an error that describes the file."""
    if text is None:
        raise ModelFileError(
            f"{path}: expected a file that Ellayer wrote, received a safetensors file without its description; "
            "was it written by another program, or altered?"
        )
    if text.count("[") + text.count("{") > _MOST_CONTAINERS:
        raise ModelFileError(
            _not_whole(path, f"its description has more than {_MOST_CONTAINERS:,} lists and dicts")
        )
    try:
        description = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
        version = conform(description, Versioned, "description")["format_version"]
        if version <= FORMAT_VERSION:
            return dict(conform(description, Description, "description"))
    except (ValueError, RecursionError) as error:
        raise ModelFileError(_not_whole(path, f"its description cannot be read: {error}")) from None
    writer = description.get("versions")
    raise ModelFileError(
        f"{path}: expected format version {FORMAT_VERSION} or older, received {version!r}, written by Ellayer "
        f"{writer.get('ellayer') if isinstance(writer, dict) else '?'} (this is {__version__}); update Ellayer"
    )


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a dict of JSON, each of whose keys is there once."""
    items = dict(pairs)
    if len(items) < len(pairs):
        raise ModelFileError("a key is there twice")
    return items


def _refuse_constant(name: str) -> None:
    raise ModelFileError(f"{name} is not a number of JSON")


def _check_kind(path: Path, kind: str, kinds: tuple[str, ...]) -> None:
    if kind not in kinds:
        readers = {"checkpoint": "ellayer.storage.load_checkpoint reads checkpoints"}
        reader = readers.get(kind, "ellayer.load reads models")
        raise ModelFileError(f"{path}: expected {' or '.join(kinds)}, received {kind!r}; {reader}")


def _not_whole(path: Path, error: str) -> str:
    with open(path, "rb") as file:
        begin = file.read(8)
    size = path.stat().st_size
    looks = next((kind for sign, kind in _FOREIGN.items() if begin.startswith(sign)), "")
    ours = int.from_bytes(begin, "little") <= _LONGEST_HEADER  # a safetensors file begins with that length
    looks = f"; it looks like {looks}" if looks and not ours else ""
    return (
        f"{path}: expected a complete file that Ellayer wrote, received {size} bytes that do not add up ({error}){looks}; "
        "was it truncated, altered, or written by another program? Copy or download it again"
    )
