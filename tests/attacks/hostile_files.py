"""Hostile data files: what each claims, and how it is made."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np
import polars as pl

from table_files import WRITERS, write_excel, write_ods, write_zip

FRAME = pl.DataFrame({"a": [1.5, 2.5, -1.0] * 5, "b": ["x", "y", "z"] * 5, "c": range(15)})


def rewrite_zip(path: Path, **members: bytes) -> Path:
    """Replace members of a ZIP archive, "__" in their names for the point."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content |= {name.replace("__", "."): data for name, data in members.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def _zeros(count: int, begin: bytes = b"", end: bytes = b"", fill: bytes = b" ") -> bytes:
    return begin + fill * count + end


def far_cells(path: Path) -> Path:
    """Two cells at opposite corners of an Excel sheet, between which a grid would take 400 GB."""
    write_excel([("a", "b"), (1, 2)], path)
    cells = b'<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%b</sheetData></worksheet>'
    return rewrite_zip(path, **{"xl/worksheets/sheet1__xml": sheet % cells})


def repeated_string(path: Path) -> Path:
    """One long shared string in a hundred thousand cells."""
    write_excel([("a", "b"), ("x", "y")], path)
    text = b"z" * 200_000
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    rows = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (i, i) for i in range(1, 100_000))
    return rewrite_zip(
        path,
        **{
            "xl/sharedStrings__xml": b"<sst %b><si><t>%b</t></si></sst>" % (space, text),
            "xl/worksheets/sheet1__xml": b"<worksheet %b><sheetData>%b</sheetData></worksheet>"
            % (space, rows),
        },
    )


def repeated_rows(path: Path) -> Path:
    """A row of an OpenDocument sheet that says it is repeated a million times, with cells that are too."""
    cell = (
        '<table:table-cell table:number-columns-repeated="16000" office:value-type="float" office:value="1"/>'
    )
    row = f'<table:table-row table:number-rows-repeated="1000000">{cell}</table:table-row>'
    return write_ods([("a",), (1,)], path, row)


def far_row(path: Path) -> Path:
    """Empty rows repeated a thousand million times, and a value below them."""
    row = '<table:table-row table:number-rows-repeated="1000000000"><table:table-cell/></table:table-row>'
    value = '<table:table-cell office:value-type="float" office:value="1"/>'
    return write_ods([("a", "b"), (1, 2)], path, f"{row}<table:table-row>{value}</table:table-row>")


def packed_sheet(path: Path) -> Path:
    """A sheet of 300 MB of blanks."""
    write_excel([("a", "b"), (1, 2)], path)
    return rewrite_zip(
        path, **{"xl/worksheets/sheet1__xml": _zeros(300_000_000, b"<worksheet>", b"</worksheet>")}
    )


def packed_table(path: Path) -> Path:
    """A CSV of 300 MB in an archive of 300 kB."""
    return write_zip(path, a__csv=_zeros(150_000_000, b"a,b\n", fill=b"1,"))


def lying_size(path: Path) -> Path:
    """A member of 300 MB whose directory entry says 10 bytes."""
    write_zip(path, a__csv=_zeros(300_000_000, b"a,b\n"))
    content = bytearray(path.read_bytes())
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(signature) + place
        content[at : at + 4] = struct.pack("<I", 10)
    path.write_bytes(content)
    return path


def deep_json(path: Path) -> Path:
    """Lists in lists, a million deep."""
    path.write_bytes(b'[{"a": ' + b"[" * 1_000_000)
    return path


def _npy(descr: str, shape: str, data: bytes) -> bytes:
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".ljust(118) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def wide_labels(path: Path) -> Path:
    """Two labels of 60 million letters each, packed into half a megabyte."""
    x = _npy("<f8", "(2, 2)", bytes(32))
    return write_zip(path, x__npy=x, y__npy=_npy("<U60000000", "(2,)", bytes(480_000_000)))


def claimed_array(path: Path) -> Path:
    """An array that claims 8 exabytes."""
    path.write_bytes(_npy("<f8", "(1000000000, 1000000000)", bytes(64)))
    return path


def claimed_dtype(path: Path) -> Path:
    """An array of items of a thousand million bytes."""
    path.write_bytes(_npy("|V1000000000", "(1000,)", bytes(64)))
    return path


def external_link(path: Path) -> Path:
    """A dataset that is another file's."""
    other = path.with_suffix(".other")
    with h5py.File(other, "w") as file:
        file["x"] = np.ones((4, 2))
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink(str(other), "x")
    return path


def external_bytes(path: Path) -> Path:
    """A dataset whose bytes are those of any other file."""
    secret = path.with_suffix(".secret")
    secret.write_bytes(bytes(range(64)))
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (4, 2), "f8", external=[(str(secret), 0, 64)])
    return path


def virtual_bytes(path: Path) -> Path:
    """A virtual dataset over another file."""
    other = external_link(path.with_suffix(".link")).with_suffix(".other")
    layout = h5py.VirtualLayout((4, 2), "f8")
    layout[:] = h5py.VirtualSource(str(other), "x", (4, 2))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("x", layout)
    return path


def compound_type(path: Path) -> Path:
    """Records instead of numbers."""
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros(4, [("a", "f8"), ("b", "i4", (100,))])
    return path


def claimed_dataset(path: Path) -> Path:
    """A dataset that claims a terabyte and has no chunk of it."""
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**6, 10**5), "f8", chunks=(100, 100), compression="gzip")
    return path


def one_text_for_all(path: Path) -> Path:
    """Labels of 30,000 letters, which are the value of what is not stored."""
    with h5py.File(path, "w") as file:
        file["x"] = np.ones((50_000, 4))
        file.create_dataset(
            "y", (50_000,), "S30000", chunks=(10,), compression="gzip", fillvalue=b"z" * 30_000
        )
    return path


def linked_in_a_circle(path: Path) -> Path:
    """Groups that hold each other, and a link to itself."""
    with h5py.File(path, "w") as file:
        group = file.create_group("g")
        group["again"] = file["/"]
        file["self"] = h5py.SoftLink("/self")
    return path


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def claimed_picture(path: Path) -> Path:
    """A picture that claims 10^10 pixels."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(1000)))
        + _chunk(b"IEND", b"")
    )
    return path


def one_text_in_parquet(path: Path) -> Path:
    """Three million texts of 100 kB, of which the file holds one."""
    one = pl.DataFrame({"a": ["x" * 100_000, "y"]}, schema={"a": pl.Categorical})
    one[[0] * 3_000_000].write_parquet(path)
    return path


# Name of the file -> its generator and words of the one message that it is met with.
HOSTILE = {
    "far.xlsx": (far_cells, "no table compresses that well"),
    "string.xlsx": (repeated_string, "no table compresses that well"),
    "blanks.xlsx": (packed_sheet, "no table compresses that well"),
    "rows.ods": (repeated_rows, "no table compresses that well"),
    "far.ods": (far_row, "no table compresses that well"),
    "packed.zip": (packed_table, "no table compresses that well"),
    "lie.zip": (lying_size, "truncated or damaged"),
    "deep.json": (deep_json, "truncated or damaged"),
    "labels.npz": (wide_labels, "of text; write numbers"),
    "texts.parquet": (one_text_in_parquet, "of text, needs"),
    "claim.npy": (claimed_array, "it is truncated or damaged"),
    "dtype.npy": (claimed_dtype, "it is truncated or damaged"),
    "link.h5": (external_link, "x: expected|no array|expected the key"),
    "bytes.h5": (external_bytes, "it points to another file"),
    "virtual.h5": (virtual_bytes, "it points to another file"),
    "records.h5": (compound_type, "received entries of type"),
    "claim.h5": (claimed_dataset, "no file compresses that well"),
    "texts.h5": (one_text_for_all, "of text; write numbers"),
    "circle.h5": (linked_in_a_circle, "expected"),
    "claim.png": (claimed_picture, "declares more"),
}
DAMAGED = [name for name in WRITERS if name not in ("a.tsv", "a.arrow")]
