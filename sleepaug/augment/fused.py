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

import torch
from torch import Tensor

from sleepaug.augment.constants import constant
from sleepaug.augment.rotation import Rotation, rotation_matrix
from sleepaug.augment.time_frequency import TimeFrequency
from sleepaug.augment.transform import Transform, per_window
from sleepaug.support.errors import ConfigError

Draws = Mapping[str, Tensor]


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
    magnitudes : Tensor of shape (n_transforms,) or (n_transforms, n_windows)
        In [0, 1].
    draws : dict of Tensor, optional
        The random numbers of each transform by its name; drawn here by default.
    """
    return sensors_matrix(x, transforms, weights, magnitudes, draws) @ x


def sensors_matrix(
    x: Tensor,
    transforms: Sequence[Transform],
    weights: Tensor,
    magnitudes: Tensor,
    draws: Draws | None = None,
) -> Tensor:
    """Return the matrices (n_windows, n_chans, n_chans) by which `sensors_sum` multiplies."""
    n_chans, matrices = x.shape[1], {}
    turning: dict[int, Rotation] = {}
    each = amounts(x, transforms, magnitudes)
    for q, transform in enumerate(transforms):
        assert transform.matrix is not None
        if isinstance(transform.matrix, Rotation):
            turning[q] = transform.matrix
            continue
        draw = None if draws is None else draws[transform.name]
        matrices[q] = transform.matrix(each[q], n_chans, draw).to(x.dtype)
    if turning:
        axes = "".join(rotation.axis for rotation in turning.values())
        [electrodes] = {rotation.electrodes for rotation in turning.values()}
        draw = None
        if draws is not None:
            draw = torch.stack([draws[transforms[q].name] for q in turning])
        angles = torch.stack([each[q] for q in turning])
        turned = rotation_matrix(angles, n_chans, draw, axes=axes, electrodes=electrodes)
        matrices |= dict(zip(turning, turned.to(x.dtype), strict=True))
    weights = weights.to(x.dtype).reshape(len(transforms), -1, 1, 1)
    return (weights * torch.stack([matrices[q] for q in range(len(transforms))])).sum(0)


def time_frequency_sum(
    x: Tensor,
    transforms: Sequence[Transform],
    weights: Tensor,
    magnitudes: Tensor,
    draws: Draws | None = None,
    rest: Tensor | float = 0.0,
) -> Tensor:
    """Return ``rest x + sum_q w_q T_q(x)`` of time and frequency transforms in one pass.

    Parameters are those of `sensors_sum`, with transforms that have `terms`, and `rest`, of shape
    (n_windows, 1) where it is a tensor.
    """
    n_windows, _, n_times = x.shape
    parts = []
    weights = weights.to(x.dtype).reshape(len(transforms), -1, 1)
    each = zip(transforms, amounts(x, transforms, magnitudes), weights, strict=True)
    for transform, amount, weight in each:
        assert transform.terms is not None
        draw = None if draws is None else draws[transform.name]
        parts.append(transform.terms(x, amount, weight, draw))
    gain = sum((part.gain for part in parts if part.gain is not None), start=rest)
    surrogate = _single(part.surrogate for part in parts)
    return TimeFrequency.apply(
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
    weights: Tensor,
    magnitudes: Tensor,
) -> Tensor:
    """Return ``x + sum_q w_q (T_q(x; mu_q) - x)``, each window with weights of its own.

    Parameters
    ----------
    x : Tensor of shape (n_windows, ...)
    transforms : sequence of Transform
        Computed together where they say what they are made of.
    weights, magnitudes : Tensor of shape (n_transforms, n_windows)
        Magnitudes are in [0, 1].
    """
    of_sensors = [q for q, t in enumerate(transforms) if t.matrix is not None]
    of_time = [q for q, t in enumerate(transforms) if t.terms is not None]
    plain = sorted({*range(len(transforms))} - {*of_sensors, *of_time})
    rest = 1 - weights.sum(0)

    def chosen(q: list[int]) -> tuple[list[Transform], Tensor, Tensor]:
        index = constant(tuple(q), torch.int64, x.device)
        of_these = weights.index_select(0, index), magnitudes.index_select(0, index)
        return [transforms[i] for i in q], *of_these

    if of_time:
        out = time_frequency_sum(x, *chosen(of_time), rest=rest[:, None])
    else:
        out = per_window(rest, x) * x
    if of_sensors:
        out = torch.baddbmm(out, sensors_matrix(x, *chosen(of_sensors)), x)
    for q in plain:
        out = torch.addcmul(out, per_window(weights[q], x), transforms[q](x, magnitudes[q]))
    return out


def amounts(x: Tensor, transforms: Sequence[Transform], magnitudes: Tensor) -> tuple[Tensor, ...]:
    """Return the amounts (n_windows,) of each transform; magnitudes as `sensors_sum` takes them."""
    at_1 = constant(tuple(t.amount_at_1 for t in transforms), x.dtype, x.device)
    rows = magnitudes.to(x.dtype).reshape(len(transforms), -1) * at_1[:, None]
    return rows.expand(-1, len(x)).unbind()


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
