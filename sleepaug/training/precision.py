"""In which numbers a network is computed: float32, or what a GPU multiplies faster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sleepaug.support.errors import ConfigError
from sleepaug.training.tasks.task import TaskData

Precision = Literal["float32", "tf32", "bf16"]

FIRST_WITH_TENSOR_CORES = (8, 0)
"""Compute capability of the first GPUs (Ampere, 2020) that multiply TF32 and bfloat16."""


def check_precision(precision: Precision, device: torch.device) -> None:
    """Refuse a precision that a device does not have.

    Raises
    ------
    ConfigError
        TF32 on a CPU, or either of TF32 and bfloat16 on a GPU that is too old.
    """
    if precision == "tf32" and device.type == "cpu":
        raise ConfigError(
            "precision: 'tf32' was asked for, but the device is the CPU, and TF32 is a format of "
            "NVIDIA GPUs. Use float32 or bf16.",
            parameters=("device", "settings"),
        )
    if precision == "float32" or device.type != "cuda":
        return
    if (capability := torch.cuda.get_device_capability(device)) < FIRST_WITH_TENSOR_CORES:
        name = torch.cuda.get_device_name(device)
        raise ConfigError(
            f"precision: '{precision}' was asked for, but this GPU ({name}, compute capability "
            f"{capability[0]}.{capability[1]}) does not have it; GPUs from 8.0 on do. Use float32.",
            parameters=("settings",),
        )


def precision_problems(precision: Precision, methods: Iterable[Any]) -> list[str]:
    """List the methods that do not work in a precision, for the settings' messages."""
    if precision != "bf16":
        return []
    return [
        f"precision: bf16 rounds too much for the finite differences of method '{method.name}'. "
        "Use float32, or set the method's hypergradient to exact."
        for method in methods
        if getattr(method, "hypergradient", None) == "finite"
    ]


@contextlib.contextmanager
def computing_in(precision: Precision, loaded: TaskData) -> Iterator[TaskData]:
    """Give data whose networks compute in a precision; TF32 holds while this context does.

    Parameters
    ----------
    precision : {"float32", "tf32", "bf16"}
    loaded : TaskData
    """
    if precision == "bf16":
        make = loaded.task.make_trunk
        task = replace(loaded.task, make_trunk=lambda: in_bfloat16(make()))
        loaded = replace(loaded, task=task)
    with float32_products("tf32" if precision == "tf32" else "ieee"):
        yield loaded


@contextlib.contextmanager
def float32_products(rounding: Literal["ieee", "tf32"]) -> Iterator[None]:
    """Let a GPU multiply float32 numbers as they are ("ieee"), or rounded to TF32.

    Notes
    -----
    By itself torch lets cuDNN round convolutions, and cuBLAS not round matrix products.
    """
    kinds = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)  # type: ignore[attr-defined]
    before = [kind.fp32_precision for kind in kinds]
    for kind in kinds:
        kind.fp32_precision = rounding
    try:
        yield
    finally:
        for kind, old in zip(kinds, before, strict=True):
            kind.fp32_precision = old


def in_bfloat16(trunk: nn.Module) -> nn.Module:
    """Let a trunk multiply in bfloat16 (torch's autocast) and return float32, as it is called.

    Its weights, its state and the optimizer's stay in float32.
    """
    plain: Any = type(trunk)

    class InBFloat16(plain):  # a subclass: copies and functional calls of the trunk compute so too
        def forward(self, x: Tensor) -> Tensor:
            with torch.autocast(x.device.type, torch.bfloat16):
                return super().forward(x).float()

    trunk.__class__ = InBFloat16
    return trunk
