"""A network and its parameters as a file has them, checked against each other before anything is built."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import numpy as np

from .._forms import conform
from ..core.network import Network, NetworkFields
from ..errors import EllayerError
from .state import Parameters, all_finite


def read_network(text: str, count: int) -> Network:
    """Return the network of a JSON text, if a file with so many arrays can hold its parameters.

    Parameters
    ----------
    text : str
        As ``Network.to_json`` returns it.
    count : int
        The arrays in the file: each layer has two of its own, each embedded category one.

    Raises
    ------
    EllayerError
    """
    try:
        fields = conform(json.loads(text), NetworkFields, "network")
    except json.JSONDecodeError as error:
        raise EllayerError(f"network: expected JSON, {error}") from None
    needed = 2 * (len(fields["layer_dims"]) - 1) + len(fields.get("inputs", {}).get("categories", ()))
    if needed > count:
        raise EllayerError(f"network: expected at least {needed} arrays of parameters, received {count}")
    return Network.from_json(text)


def read_parameters(
    network: Network, arrays: Mapping[str, np.ndarray], where: str = "parameters"
) -> Parameters:
    """Return the parameters of a network after checking names, shapes, dtype and that all are finite.

    Parameters
    ----------
    network : Network
    arrays : dict
    where : str
        Their place in the file, for the message.

    Raises
    ------
    EllayerError
    """
    if arrays.keys() != network.shapes.keys():
        raise EllayerError(f"{where}: expected {_name_list(network.shapes)}; received {_name_list(arrays)}")
    dtypes = {str(theta.dtype) for theta in arrays.values()}
    if len(dtypes) != 1 or not dtypes <= {"float32", "float64"}:
        raise EllayerError(
            f"{where}: expected arrays of float32 or of float64, received {_name_list(dtypes)}"
        )
    for name, shape in network.shapes.items():
        if arrays[name].shape != shape:
            raise EllayerError(f"{where}[{name!r}]: expected shape {shape}, received {arrays[name].shape}")
    if not all_finite(dict(arrays)):
        raise EllayerError(f"{where}: expected finite numbers, received nan or infinite ones")
    return {name: arrays[name] for name in network.shapes}


def _name_list(names: Iterable[str]) -> str:
    """Return the first of some names as text."""
    return ", ".join(sorted(names)[:12])
