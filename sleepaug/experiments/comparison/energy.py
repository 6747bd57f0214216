"""The energy a device has used, where it counts it: NVIDIA GPUs do, since the Volta generation."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import torch


@functools.cache
def nvml() -> Any:
    """NVIDIA's management library, initialised; None where there is none."""
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    return library if library.nvmlInit_v2() == 0 else None


def joules(device: torch.device) -> float | None:
    """Energy in joules since the driver was loaded; None for a device that does not count it.

    Notes
    -----
    It is the whole GPU's: what other processes use on it is in it.
    Source: ``nvmlDeviceGetTotalEnergyConsumption``, in millijoules.
    """
    if device.type != "cuda" or (library := nvml()) is None:
        return None
    uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}".encode()
    handle, count = ctypes.c_void_p(), ctypes.c_ulonglong()
    if library.nvmlDeviceGetHandleByUUID(uuid, ctypes.byref(handle)):
        return None
    if library.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(count)):
        return None
    return count.value / 1000
