"""The energy that a device has used, where it counts it: NVIDIA GPUs do, since the Volta chips."""

from __future__ import annotations

import ctypes
from typing import Any

import torch


class EnergyMeter:
    """Reads the energy counter of a device.

    Parameters
    ----------
    device : torch.device
    library : ctypes.CDLL, optional
        NVIDIA's management library (NVML), initialised; found by itself where it is left out.

    Notes
    -----
    The counter is the whole GPU's: it includes what other processes use on it.
    Source: ``nvmlDeviceGetTotalEnergyConsumption`` of NVML, in millijoules.

    Examples
    --------
    >>> print(EnergyMeter(torch.device("cpu")).joules())
    None
    """

    def __init__(self, device: torch.device, library: Any = None) -> None:
        self._library, self._handle = None, ctypes.c_void_p()
        if device.type != "cuda":
            return
        library = library or load_nvml()
        uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}".encode()
        if library and not library.nvmlDeviceGetHandleByUUID(uuid, ctypes.byref(self._handle)):
            self._library = library

    def joules(self) -> float | None:
        """Read the energy in joules since the driver was loaded; None if it is not counted."""
        if self._library is None:
            return None
        count = ctypes.c_ulonglong()
        if self._library.nvmlDeviceGetTotalEnergyConsumption(self._handle, ctypes.byref(count)):
            return None
        return count.value / 1000


def load_nvml() -> Any:
    """Load and initialise NVML; None where the driver of NVIDIA is not installed."""
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    return library if library.nvmlInit_v2() == 0 else None
