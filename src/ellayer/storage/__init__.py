"""Model files, checkpoints and ONNX export."""

from .checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from .model_file import load, read_provenance, save
from .onnx.export import to_onnx
from .onnx.skl2onnx import register_skl2onnx
from .plain_data import ModelFileError
from .trusted_types import trusted_types

__all__ = [
    "Checkpoint",
    "ModelFileError",
    "load",
    "load_checkpoint",
    "read_provenance",
    "register_skl2onnx",
    "save",
    "save_checkpoint",
    "to_onnx",
    "trusted_types",
]
