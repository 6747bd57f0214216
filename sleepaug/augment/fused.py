"""The weighted sum of a layer's EEG transforms, computed together.

`AugmentationLayer` defines the sum; this is how it is computed when all of its transforms say what
they are made of (`Transform.matrix`, `Transform.terms`). Sensor transforms are matrices across
channels: their weighted sum is one small matrix a window, which is applied once. Time-frequency
transforms share their passes over the windows, their Fourier transforms and an analytic gradient:

    out = a(t) x + r flip(x) + c noise + w irfft(X exp(i phase)) - d(t) H[x]

where a, r, c and d collect what is one number a window, or one a sample for all channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from sleepaug.augment.eeg_frequency import hilbert, turn
from sleepaug.augment.transform import Transform, per_window
from sleepaug.support.errors import ConfigError

Draws = Mapping[str, Tensor]

CHUNK = 300_000
"""Numbers of the windows that are transformed at once on a CPU."""


def fused_sum(transforms: Sequence[Transform]) -> Callable[..., Tensor] | None:
    """Return the function that computes the weighted sum of these transforms together, if any.

    It is called with ``x`` (n_windows, n_chans, n_times), the transforms, their weights and their
    magnitudes, and optionally the draws of each transform by name.
    """
    if all(transform.matrix is not None for transform in transforms):
        return sensors_sum
    terms = {transform.terms for transform in transforms}
    return None if None in terms or len(terms) < len(transforms) else time_frequency_sum


def sensors_sum(
    x: Tensor,
    transforms: Sequence[Transform],
    weights: Tensor,
    magnitudes: Tensor,
    draws: Draws | None = None,
) -> Tensor:
    """Return ``sum_q w_q T_q(x)`` of sensor transforms as one matrix product a window.

    Parameters
    ----------
    x : Tensor of shape (n_windows, n_chans, n_times)
    transforms : sequence of Transform
        All have a `matrix`.
    weights : Tensor of shape (n_transforms,) or (n_transforms, n_windows)
        Of all windows, or of each its own.
    magnitudes : Tensor of shape (n_transforms,)
        In [0, 1].
    draws : dict of Tensor, optional
        The random numbers of each transform by its name; drawn here by default.
    """
    return sensors_matrix(x, transforms, weights, magnitudes, draws) @ x


def sensors_matrix(
    x: Tensor,
    transforms: Sequence[Transform],
    weights: Tensor | Sequence[Tensor],
    magnitudes: Tensor | Sequence[Tensor],
    draws: Draws | None = None,
) -> Tensor:
    """Return the matrices (n_windows, n_chans, n_chans) by which `sensors_sum` multiplies."""
    n_windows, n_chans = x.shape[:2]
    total: Tensor | None = None
    for q, transform in enumerate(transforms):
        assert transform.matrix is not None
        amount = (magnitudes[q] * transform.amount_at_1).expand(n_windows)
        draw = None if draws is None else draws[transform.name]
        matrix = transform.matrix(amount, n_chans, draw).to(x.dtype)
        weight = weights[q].to(x.dtype).reshape(-1, 1, 1)
        total = weight * matrix if total is None else torch.addcmul(total, matrix, weight)
    assert total is not None
    return total


def time_frequency_sum(
    x: Tensor,
    transforms: Sequence[Transform],
    weights: Tensor | Sequence[Tensor],
    magnitudes: Tensor | Sequence[Tensor],
    draws: Draws | None = None,
    rest: Tensor | float = 0.0,
) -> Tensor:
    """Return ``rest x + sum_q w_q T_q(x)`` of time and frequency transforms in one pass.

    Parameters are those of `sensors_sum`, with transforms that have `terms`, and `rest`, of shape
    (n_windows, 1) where it is a tensor.
    """
    n_windows, _, n_times = x.shape
    parts = []
    for q, transform in enumerate(transforms):
        assert transform.terms is not None
        amount = (magnitudes[q] * transform.amount_at_1).to(x.dtype).expand(n_windows)
        draw = None if draws is None else draws[transform.name]
        parts.append(transform.terms(x, amount, weights[q].to(x.dtype).reshape(-1, 1), draw))
    gain = sum((part.gain for part in parts if part.gain is not None), start=rest)
    surrogate = _single(part.surrogate for part in parts)
    return _TimeFrequency.apply(
        x,
        torch.as_tensor(gain, dtype=x.dtype, device=x.device).expand(n_windows, n_times),
        _total(part.flip for part in parts),
        _single(part.std for part in parts),
        _single(part.noise for part in parts),
        _single(part.phase for part in parts),
        None if surrogate is None else surrogate.expand(n_windows, 1),
        _total(part.carrier for part in parts),
    )


def gated_sum(
    x: Tensor,
    transforms: Sequence[Transform],
    weights: Sequence[Tensor],
    magnitudes: Sequence[Tensor],
) -> Tensor:
    """Return ``x + sum_q w_q (T_q(x; mu_q) - x)``, each window with weights of its own.

    Parameters
    ----------
    x : Tensor of shape (n_windows, ...)
    transforms : sequence of Transform
        Computed together where they say what they are made of.
    weights, magnitudes : sequence of Tensor of shape (n_windows,)
        Of each transform; magnitudes are in [0, 1].
    """
    of_sensors = [q for q, t in enumerate(transforms) if t.matrix is not None]
    of_time = [q for q, t in enumerate(transforms) if t.terms is not None]
    plain = sorted({*range(len(transforms))} - {*of_sensors, *of_time})
    rest = 1 - torch.stack(list(weights)).sum(0)

    def chosen(q: list[int]) -> tuple[list[Transform], list[Tensor], list[Tensor]]:
        return [transforms[i] for i in q], [weights[i] for i in q], [magnitudes[i] for i in q]

    if of_time:
        out = time_frequency_sum(x, *chosen(of_time), rest=rest[:, None])
    else:
        out = per_window(rest, x) * x
    if of_sensors:
        out = torch.baddbmm(out, sensors_matrix(x, *chosen(of_sensors)), x)
    for q in plain:
        out = torch.addcmul(out, per_window(weights[q], x), transforms[q](x, magnitudes[q]))
    return out


def _total(terms: Iterable[Tensor | None]) -> Tensor | None:
    """Return the sum of the terms that exist."""
    present = [term for term in terms if term is not None]
    return sum(present[1:], start=present[0]) if present else None


def _single(terms: Iterable[Tensor | None]) -> Tensor | None:
    """Return the one term that exists, if any; terms of this kind do not add up."""
    present = [term for term in terms if term is not None]
    if len(present) > 1:
        raise ConfigError(
            "transforms: two of a layer have noise, or phases, among their `terms`. Give one of "
            "them no `terms`."
        )
    return present[0] if present else None


class _TimeFrequency(torch.autograd.Function):
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
                of_carrier[part] = -torch.mul(g, quadrature[part], out=product).sum(1)
                if inner is not None:  # the transpose of H is -H
                    inner += hilbert(torch.mul(g, carrier[part, None], out=product))
            if flip is not None and of_flip is not None:
                backwards = g.flip(-1)
                of_flip[part] = dot(backwards, own)
                if inner is not None:
                    inner.addcmul_(backwards, flip[part, None, None])
            if of_std is not None:
                of_std[part] = dot(g, noise[part])
            if phase is not None and of_phase is not None and of_surrogate is not None:
                n = phase.shape[-1]
                spectrum_of_grad = torch.fft.rfft(g)
                # Parseval: <g, surrogate> = Re sum conj(G) Y / n_times, twice for 0 < k < n / 2.
                shared = (spectrum_of_grad.conj() * spectrum[part]).sum(1)
                both = shared[:, 1 : n + 1]
                total = shared.real.sum(1, keepdim=True) + both.real.sum(1, keepdim=True)
                of_surrogate[part] = total / n_times
                of_phase[part] = both.imag * (-2 / n_times * surrogate[part])
                if inner is not None:
                    spectrum_of_grad[..., 1 : n + 1] *= turn(-phase[part])[:, None]
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


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Return the sum of ``a * b`` over channels and times: (n_windows,)."""
    return torch.bmm(a.flatten(1)[:, None], b.flatten(1)[:, :, None]).flatten()
