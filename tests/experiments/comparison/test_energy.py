"""Energy is counted where a device counts it, and is None elsewhere."""

import ctypes
from types import SimpleNamespace

import pytest
import torch

from sleepaug.experiments.comparison.energy import EnergyMeter


class Library:
    """Answers as NVML does: 0 is success, the count is written where the caller says."""

    no_device = no_counter = 0

    def nvmlDeviceGetHandleByUUID(self, uuid, handle):
        assert uuid == b"GPU-1234"
        return self.no_device

    def nvmlDeviceGetTotalEnergyConsumption(self, handle, count):
        ctypes.cast(count, ctypes.POINTER(ctypes.c_ulonglong))[0] = 2**33 + 500
        return self.no_counter


@pytest.fixture
def library(monkeypatch):
    properties = SimpleNamespace(uuid="1234")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    return Library()


def test_millijoules_of_a_gpu_are_joules(library):
    meter = EnergyMeter(torch.device("cuda"), library)
    assert meter.joules() == pytest.approx((2**33 + 500) / 1000)


def test_a_gpu_that_does_not_count_has_no_energy(library):
    library.no_counter = 3  # NVML: not supported
    assert EnergyMeter(torch.device("cuda"), library).joules() is None


def test_a_gpu_that_nvml_does_not_know_has_no_energy(library):
    library.no_device = 6  # NVML: not found
    assert EnergyMeter(torch.device("cuda"), library).joules() is None


def test_a_cpu_has_no_energy(library):
    assert EnergyMeter(torch.device("cpu"), library).joules() is None
