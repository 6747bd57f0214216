"""The pass over the windows that time-frequency transforms share, with an analytic gradient.

See `augment.fused` for what is summed.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sleepaug.augment.eeg_frequency import hilbert, turn

CHUNK = 300_000
"""Numbers of the windows that are transformed at once on a CPU."""


class TimeFrequency(torch.autograd.Function):
    """``gain x + flip x(-t) + std noise + surrogate irfft(X exp(i phase)) - carrier H[x]``.

    Every term but the first may be absent (None). Shapes: gain and carrier (n_windows, n_times),
    flip and std (n_windows,), phase (n_windows, n_phases), surrogate (n_windows, 1).
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        gain: Tensor,
        flip: Tensor | None,
        std: Tensor | None,
        noise: Tensor | None,
        phase: Tensor | None,
        surrogate: Tensor | None,
        carrier: Tensor | None,
    ) -> Tensor:
        n_windows, n_chans, n_times = x.shape
        out = torch.empty_like(x)
        spectrum = quadrature = None
        if phase is not None:
            dtype = torch.promote_types(x.dtype, torch.complex32)
            spectrum = x.new_empty(n_windows, n_chans, n_times // 2 + 1, dtype=dtype)
        if carrier is not None:
            quadrature = torch.empty_like(x)
        for part in in_cache(x):
            own, result = x[part], torch.mul(x[part], gain[part, None], out=out[part])
            if flip is not None:
                result.addcmul_(own.flip(-1), flip[part, None, None])
            if std is not None and noise is not None:
                result.addcmul_(noise[part], std[part, None, None])
            if phase is not None and surrogate is not None and spectrum is not None:
                turned = torch.fft.rfft(own, out=spectrum[part])
                turned[..., 1 : phase.shape[-1] + 1] *= turn(phase[part])[:, None]
                result.addcmul_(torch.fft.irfft(turned, n=n_times), surrogate[part, None])
            if carrier is not None and quadrature is not None:
                quadrature[part] = hilbert(own)
                result.addcmul_(quadrature[part], carrier[part, None], value=-1)
        saved = (x, gain, flip, noise, phase, surrogate, carrier, spectrum, quadrature)
        ctx.save_for_backward(*saved)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, gain, flip, noise, phase, surrogate, carrier, spectrum, quadrature = ctx.saved_tensors
        grad = grad.contiguous()
        n_times = x.shape[-1]
        of_x = torch.empty_like(x) if ctx.needs_input_grad[0] else None
        of_gain, of_carrier = torch.empty_like(gain), like(carrier)
        of_flip, of_phase, of_surrogate = like(flip), like(phase), like(surrogate)
        of_std = None if noise is None else x.new_empty(len(x))
        for part in in_cache(x):
            g, own = grad[part], x[part]
            product = g * own
            torch.sum(product, 1, out=of_gain[part])
            inner = None if of_x is None else torch.mul(g, gain[part, None], out=of_x[part])
            if carrier is not None and of_carrier is not None:
                torch.mul(g, quadrature[part], out=product)
                torch.sum(product, 1, out=of_carrier[part]).neg_()
                if inner is not None:  # the transpose of H is -H
                    inner += hilbert(torch.mul(g, carrier[part, None], out=product))
            if flip is not None and of_flip is not None:
                backwards = g.flip(-1)
                dot(backwards, own, out=of_flip[part])
                if inner is not None:
                    inner.addcmul_(backwards, flip[part, None, None])
            if of_std is not None:
                dot(g, noise[part], out=of_std[part])
            if phase is not None and of_phase is not None and of_surrogate is not None:
                n = phase.shape[-1]
                spectrum_of_grad = torch.fft.rfft(g)
                # Parseval: <g, surrogate> = Re sum conj(G) Y / n_times, twice for 0 < k < n / 2.
                shared = (spectrum_of_grad.conj() * spectrum[part]).sum(1)
                both = shared[:, 1 : n + 1]
                total = shared.real.sum(1, keepdim=True) + both.real.sum(1, keepdim=True)
                torch.div(total, n_times, out=of_surrogate[part])
                torch.mul(both.imag, -2 / n_times * surrogate[part], out=of_phase[part])
                if inner is not None:
                    spectrum_of_grad[..., 1 : n + 1] *= turn(phase[part]).conj()[:, None]
                    inner.addcmul_(
                        torch.fft.irfft(spectrum_of_grad, n=n_times), surrogate[part, None]
                    )
        return of_x, of_gain, of_flip, of_std, None, of_phase, of_surrogate, of_carrier


def like(x: Tensor | None) -> Tensor | None:
    """Return room for a gradient of ``x``, if there is an ``x``."""
    return None if x is None else torch.empty_like(x)


def in_cache(x: Tensor) -> list[slice]:
    """Split windows into parts that stay in a processor's cache; one part on an accelerator."""
    n_parts = 1 if x.device.type != "cpu" else -(-x.numel() // CHUNK)
    size = -(-len(x) // max(1, n_parts))
    return [slice(first, first + size) for first in range(0, len(x), size)]


def dot(a: Tensor, b: Tensor, out: Tensor) -> None:
    """Write the sum of ``a * b`` over channels and times to ``out`` (n_windows,)."""
    torch.bmm(a.flatten(1)[:, None], b.flatten(1)[:, :, None], out=out[:, None, None])
