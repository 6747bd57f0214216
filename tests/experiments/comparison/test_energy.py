"""Energy is counted where a device counts it, and is None elsewhere."""

import ctypes
from types import SimpleNamespace

import pytest
import torch

from sleepaug.experiments.comparison import energy


class Library:
    """Answers as NVML does: 0 is success, the count is written where the caller says."""

    failing = 0

    def nvmlDeviceGetHandleByUUID(self, uuid, handle):
        assert uuid == b"GPU-1234"
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, handle, count):
        ctypes.cast(count, ctypes.POINTER(ctypes.c_ulonglong))[0] = 2**33 + 500
        return self.failing


def test_millijoules_of_a_gpu_are_joules(monkeypatch):
    library = Library()
    monkeypatch.setattr(energy, "nvml", lambda: library)
    properties = SimpleNamespace(uuid="1234")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    assert energy.joules(torch.device("cuda")) == pytest.approx((2**33 + 500) / 1000)
    library.failing = 3  # not supported
    assert energy.joules(torch.device("cuda")) is None
    assert energy.joules(torch.device("cpu")) is None
