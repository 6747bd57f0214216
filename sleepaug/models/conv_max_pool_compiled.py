"""The trunk's convolution compiled by this machine's C compiler, where there is one.

`conv_max_pool.c` holds the sums of a pool in registers, and passes back the gradients of the
winners only. It is compiled when first needed, for this processor (half a second; nothing is kept),
and does what torch does otherwise. ``SLEEPAUG_CC`` names another compiler, or none if it is empty.
"""

from __future__ import annotations

import ctypes
import logging
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sleepaug.models import conv_max_pool as by_torch

log = logging.getLogger(__name__)
N_OUT = 8
SOURCE = Path(__file__).with_name("conv_max_pool.c")


class Sizes(ctypes.Structure):
    """`sizes` of the C source."""

    _fields_ = [
        (name, ctypes.c_long)
        for name in ("n_rows", "n_times", "n_in", "n_taps", "padding", "n_pools")
    ]


def compiler() -> str:
    """Return the command that compiles C, or nothing."""
    return os.environ.get("SLEEPAUG_CC", os.environ.get("CC", "cc"))


@lru_cache
def library(pool: int, command: str) -> ctypes.CDLL | None:
    """Return the compiled code for pools of so many samples, or None, which is logged."""
    words = shlex.split(command)
    if not words or shutil.which(words[0]) is None or pool > 255:
        log.info("No C compiler (%s): the trunk runs on torch alone.", command or "none wanted")
        return None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        target = Path(folder) / "conv_max_pool.so"
        options = ["-O3", "-march=native", "-shared", "-fPIC", f"-DPOOL={pool}"]
        try:
            subprocess.run(
                [*words, *options, "-o", str(target), str(SOURCE)],
                check=True,
                capture_output=True,
                timeout=60,
            )
            code = ctypes.CDLL(str(target))
        except (OSError, subprocess.SubprocessError) as error:
            log.info("%s failed (%s): the trunk runs on torch alone.", command, error)
            return None
    log.debug("The trunk's convolutions are compiled by %s (SLEEPAUG_CC= turns it off).", command)
    return code


@lru_cache
def _workers(n_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads)


if hasattr(os, "register_at_fork"):  # threads do not survive it
    os.register_at_fork(after_in_child=_workers.cache_clear)


def _in_parts(n_rows: int, work: Callable[[int, int, int], int]) -> int:
    """Call ``work(part, first, last)`` for each thread's rows; return how many parts there were."""
    n_parts = min(torch.get_num_threads(), n_rows)
    bounds = [n_rows * i // n_parts for i in range(n_parts + 1)]
    parts = range(n_parts), bounds[:-1], bounds[1:]
    failed = map(work, *parts) if n_parts == 1 else _workers(n_parts).map(work, *parts)
    if any(list(failed)):
        raise MemoryError("No memory for a row of the trunk's convolution.")
    return n_parts


def _address(x: Tensor | None, first: int = 0) -> ctypes.c_void_p:
    """Return where the rows from ``first`` on begin."""
    return ctypes.c_void_p(None if x is None else x[first:].data_ptr())


class _Compiled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, pools: by_torch.Pools, code: Any) -> Tensor:
        x = x.contiguous()
        taps = weight.permute(2, 1, 0).contiguous()
        n_taps, n_in, _ = taps.shape
        values = x.new_empty(len(x), pools.n_pools, N_OUT)
        winner = torch.empty(values.shape, dtype=torch.uint8)

        def work(_: int, first: int, last: int) -> int:
            sizes = Sizes(last - first, x.shape[1], n_in, n_taps, pools.padding, pools.n_pools)
            rows = (_address(each, first) for each in (values, winner))
            return code.forward(ctypes.byref(sizes), _address(x, first), _address(taps), *rows)

        _in_parts(len(x), work)
        ctx.save_for_backward(x, weight, winner)
        ctx.pools, ctx.code = pools, code
        return values

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, winner = ctx.saved_tensors
        pools, code = ctx.pools, ctx.code
        if torch.is_grad_enabled():  # a gradient of the gradient is wanted
            plain = by_torch.plain_pooled_product(x, by_torch.banded(weight, pools.pool), pools)
            return *torch.autograd.grad(plain, (x, weight), grad, create_graph=True), None, None
        grad = grad.contiguous()
        taps = weight.permute(0, 2, 1).contiguous()
        _, n_taps, n_in = taps.shape
        of_x = torch.empty_like(x) if ctx.needs_input_grad[0] else None
        of_taps = x.new_zeros(torch.get_num_threads(), *taps.shape)  # of each part

        def work(part: int, first: int, last: int) -> int:
            sizes = Sizes(last - first, x.shape[1], n_in, n_taps, pools.padding, pools.n_pools)
            rows = (_address(each, first) for each in (grad, winner))
            of_rows = _address(of_x, first)
            inputs = ctypes.byref(sizes), _address(x, first), _address(taps), *rows
            return code.backward(*inputs, of_rows, _address(of_taps, part))

        _in_parts(len(x), work)
        return of_x, of_taps.sum(0).permute(0, 2, 1), None, None


def conv_max_pool(x: Tensor, weight: Tensor, pool: int, padding: int) -> Tensor:
    """Convolve and take maxima as `conv_max_pool.conv_max_pool` does, compiled if possible.

    Compiled are 8 filters of float32 on a CPU.
    """
    if torch.compiler.is_exporting():  # to a form that has torch's own operations only
        return F.max_pool1d(F.conv1d(x.mT, weight, padding=padding), pool).mT
    known = len(weight) == N_OUT and x.dtype == weight.dtype == torch.float32
    if known and x.device.type == "cpu" and len(x):
        code = library(pool, compiler())
        if code is not None:
            pools = by_torch.Pools.of(x, weight, pool, padding)
            return _Compiled.apply(x, weight, pools, code)
    return by_torch.conv_max_pool(x, weight, pool, padding)
