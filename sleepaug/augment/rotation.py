"""Rotation of the electrodes on the head, by spherical-spline interpolation.

The spline's series of 50 Legendre polynomials makes every entry of its matrix W(angle) a
trigonometric polynomial of degree 50 in the angle. So W is known exactly, for every angle and with
its derivative, from its Fourier coefficients, which are computed once a montage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from sleepaug.augment.electrodes import POSITIONS

N_LEGENDRE = 50
SMOOTHING = 1e-5
_N_ANGLES = 128  # more than 2 * N_LEGENDRE, so that the coefficients are exact
_OTHER_AXES = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}


def spline_kernel(cosine: Tensor) -> Tensor:
    """Return ``g(cos) = sum_n (2n + 1) / (4 pi n^4 (n + 1)^4) P_n(cos)``, n from 1 to 50.

    `cosine` holds cosines of angles between electrodes, of any shape, which is that of the result.
    """
    previous, current = torch.ones_like(cosine), cosine
    total = torch.zeros_like(cosine)
    for n in range(1, N_LEGENDRE + 1):
        total = total + (2 * n + 1) / (4 * math.pi * (n * (n + 1)) ** 4) * current
        previous, current = current, ((2 * n + 1) * cosine * current - n * previous) / (n + 1)
    return total


def rotated(positions: Tensor, angle: Tensor, axis: str) -> Tensor:
    """Rotate ``positions`` (n_chans, 3) by ``angle`` (n,) in radians: (n, n_chans, 3)."""
    first, second = _OTHER_AXES[axis]
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    out = positions.expand(len(angle), -1, -1).clone()
    out[..., first] = cos * positions[:, first] - sin * positions[:, second]
    out[..., second] = sin * positions[:, first] + cos * positions[:, second]
    return out


def spline_matrix(positions: Tensor, angle: Tensor, axis: str) -> Tensor:
    """Return the interpolation matrices W at rotated electrodes.

    Parameters
    ----------
    positions : Tensor of shape (n_chans, 3), float64
        Electrode positions; x right, y front, z up.
    angle : Tensor of shape (n,)
        Angles in radians.
    axis : {"x", "y", "z"}
        Axis of the rotation.

    Returns
    -------
    Tensor of shape (n, n_chans, n_chans)
        ``W @ signals`` estimates the signals at the rotated places. W(0) is not quite the
        identity, since the spline smooths by 1e-5 on its diagonal.

    Notes
    -----
    Source: Perrin et al. 1989, with a constant term.
    """
    n_chans = len(positions)
    points = positions / positions.norm(dim=-1, keepdim=True).clamp_min(1e-12)
    system = torch.ones(n_chans + 1, n_chans + 1, dtype=points.dtype)
    system[:-1, :-1] = spline_kernel(points @ points.T) + SMOOTHING * torch.eye(n_chans)
    system[-1, -1] = 0
    kernel = spline_kernel(rotated(points, angle, axis) @ points.T)
    return torch.nn.functional.pad(kernel, (0, 1), value=1.0) @ torch.linalg.inv(system)[:, :-1]


@lru_cache
def fourier_coefficients(
    axes: str, electrodes: tuple[str, ...], device: torch.device
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return what ``I + W(a) - W(0)`` is computed from, for each axis.

    Returns
    -------
    waves : Tensor of shape (n_axes, 100, n_chans ** 2)
        Coefficients of ``sin(k a + pi / 2)``, then of ``sin(k a)``.
    constant : Tensor of shape (n_axes, 1, n_chans ** 2)
    orders, starts : Tensor of shape (100,)
        k, times the radians of two degrees, and ``pi / 2`` or 0.
    """
    positions = torch.tensor([POSITIONS[name] for name in electrodes], dtype=torch.float64)
    angles = torch.arange(_N_ANGLES, dtype=torch.float64) * (2 * math.pi / _N_ANGLES)
    matrices = torch.stack([spline_matrix(positions, angles, axis).flatten(1) for axis in axes])
    waves = 2 * torch.fft.rfft(matrices, dim=1)[:, 1 : N_LEGENDRE + 1] / _N_ANGLES
    eye = torch.eye(len(positions), dtype=torch.float64).flatten()
    constant = eye - waves.real.sum(1, keepdim=True)
    orders = torch.arange(1, N_LEGENDRE + 1, dtype=torch.float64) * (math.pi / 90)
    starts = torch.tensor([math.pi / 2, 0], dtype=torch.float64).repeat_interleave(N_LEGENDRE)
    waves = torch.cat([waves.real, -waves.imag], dim=1)
    return waves.to(device), constant.to(device), orders.repeat(2).to(device), starts.to(device)


def rotation_matrix(
    max_angle: Tensor,
    n_chans: int,
    draw: Tensor | None = None,
    *,
    axes: str,
    electrodes: tuple[str, ...],
) -> Tensor:
    """Return ``I + W(angle) - W(0)`` (..., n_windows, n_chans, n_chans) in float64.

    Parameters
    ----------
    max_angle : Tensor of shape (n_windows,) or (n_axes, n_windows)
        In degrees; the angle is ``(2 draw - 1) max_angle``.
    n_chans : int
        As many as there are electrodes.
    draw : Tensor shaped as max_angle, optional
        Uniform in [0, 1); drawn here by default.
    axes : str
        One or several of "x", "y" and "z".
    electrodes
        See `rotation`.
    """
    draw = torch.rand_like(max_angle) if draw is None else draw
    waves, constant, orders, starts = fourier_coefficients(axes, electrodes, max_angle.device)
    half_angle = ((draw - 0.5) * max_angle).reshape(len(axes), -1, 1)
    matrix = torch.baddbmm(constant, torch.addcmul(starts, half_angle, orders).sin(), waves)
    return matrix.reshape(*max_angle.shape, n_chans, n_chans)


@dataclass(frozen=True)
class Rotation:
    """The matrices of the rotation about one axis; those of several are computed at once.

    Attributes
    ----------
    axis, electrodes
        See `rotation`.
    """

    axis: str
    electrodes: tuple[str, ...]

    def __call__(self, max_angle: Tensor, n_chans: int, draw: Tensor | None = None) -> Tensor:
        """Return the matrices (n_windows, n_chans, n_chans); see `rotation_matrix`."""
        electrodes = self.electrodes
        return rotation_matrix(max_angle, n_chans, draw, axes=self.axis, electrodes=electrodes)


def rotation(
    x: Tensor,
    max_angle: Tensor,
    draw: Tensor | None = None,
    *,
    axis: str,
    electrodes: tuple[str, ...],
) -> Tensor:
    """Read each window at electrodes rotated by a random angle about an axis of the head.

    Parameters
    ----------
    x : Tensor of shape (n_windows, n_chans, n_times)
        EEG windows.
    max_angle : Tensor of shape (n_windows,)
        Largest angle in degrees; the angle is uniform in [-max_angle, max_angle).
    draw : Tensor of shape (n_windows,), optional
        Uniform in [0, 1): 0 rotates by -max_angle, 1 would rotate by max_angle.
    axis : {"x", "y", "z"}
        x (right), y (front) or z (up).
    electrodes : tuple of str
        10-20 electrode of each channel.

    Notes
    -----
    ``x + (W(angle) - W(0)) x``: the raw ``W(angle) x`` would change windows at angle 0 (by 4% for
    white noise on six channels).
    Source: Krell & Kim 2017; range 0-30 degrees in Table 4 of the AugNet paper.
    """
    matrix = rotation_matrix(max_angle, x.shape[1], draw, axes=axis, electrodes=electrodes)
    return matrix.to(x.dtype) @ x
