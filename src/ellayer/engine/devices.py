"""The devices of the compiled loop by their names."""

from __future__ import annotations

from typing import Protocol, cast

from ..errors import EllayerError


class Device(Protocol):
    """A device of jax, whose own class type checkers do not know."""

    @property
    def platform(self) -> str:
        """Return "cpu" or the kind of accelerator."""

    @property
    def id(self) -> int:
        """Return its number among those of its kind."""

    @property
    def process_index(self) -> int:
        """Return the process of the group that it belongs to."""


def find_devices(device: object, argument: str = "device") -> list[Device] | None:
    """Return jax devices for a name like "cpu", "gpu" or "gpu:1", a device or a list of devices; None for None.

    Parameters
    ----------
    device : str, jax device, sequence of them or None
    argument : str
        Its name in messages.

    Raises
    ------
    EllayerError
        If there is no such device.
    """
    if device is None:
        return None
    if not isinstance(device, str):
        several = cast("list[Device]", list(device) if isinstance(device, (list, tuple)) else [device])
        if not several or not all(hasattr(one, "platform") for one in several):
            raise EllayerError(
                f"{argument}: expected a name like 'gpu:0' or devices of jax, received {device!r}"
            )
        return several
    import jax

    kind, colon, number = device.partition(":")
    try:
        # jax takes "" for its default platform, and a list takes -1 for its last device
        if not kind or (colon and not number.isdecimal()):
            raise ValueError(device)
        devices = jax.devices(kind)
        return [devices[int(number)]] if colon else devices
    except (RuntimeError, IndexError, ValueError):
        here = ", ".join(sorted({d.platform for d in jax.devices()}))
        hint = ""
        if kind in ("gpu", "cuda", "rocm") and here == "cpu":
            hint = "; jax sees no GPU: try pip install 'ellayer[cuda]' on a machine with its driver, or 'cpu'"
        raise EllayerError(
            f"{argument}: expected one of the devices of this machine ({here}, optionally with a number like 'gpu:0'), "
            f"received {device!r}{hint}"
        ) from None


def is_accelerator(devices: list[Device] | None) -> bool:
    """Return whether the chosen devices are other than CPUs."""
    return devices is not None and devices[0].platform != "cpu"
