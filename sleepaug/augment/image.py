"""Transforms of images (n_images, n_colours, height, width) with values in [0, 1].

The eight of Section 5.1, five of them geometric and three of colours, and the flip and the crop
which are usual for CIFAR10. A direction and, for the geometric ones, a share of the amount are
drawn for each image, so that the amount is the largest change.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from sleepaug.augment.transform import Transform, gate, per_window

CROP = 4
"""Pixels of padding of the random crop."""


def image_transforms(*, official: bool = False) -> dict[str, Transform]:
    """Return the transforms of images, by name.

    Parameters
    ----------
    official : bool
        Take the authors' range of translations (0.45 of the image's side instead of 0.5).

    Notes
    -----
    Ranges: Section 4.1 (translation by half the image, rotation by pi, shear by 0.3).

    Examples
    --------
    >>> rotation = image_transforms()["rotation"]
    >>> rotation.amount_at_1, rotation.unit
    (180.0, 'degrees')
    """
    far = 0.45 if official else 0.5
    transforms = [
        Transform("translate_x", affine(lambda a: shift(2 * a, 0)), far, "sides"),
        Transform("translate_y", affine(lambda a: shift(2 * a, 1)), far, "sides"),
        Transform("rotation", affine(turn), 180.0, "degrees"),
        Transform("shear_x", affine(lambda a: shear(a, 0)), 0.3, "fraction"),
        Transform("shear_y", affine(lambda a: shear(a, 1)), 0.3, "fraction"),
        Transform("contrast", contrast, 1.0, "fraction"),
        Transform("brightness", brightness, 1.0, "fraction"),
        Transform("sample_pairing", sample_pairing, 1.0, "fraction"),
        Transform("horizontal_flip", horizontal_flip, 0.5),
        Transform("random_crop", random_crop, float(CROP), "pixels", differentiable=False),
    ]
    return {transform.name: transform for transform in transforms}


def affine(
    matrices: Callable[[Tensor], Tensor],
) -> Callable[..., Tensor]:
    """Return a transform that samples images at affine images of their pixels.

    ``matrices`` makes (n_images, 2, 3) of the signed amounts (n_images,); coordinates run from -1
    to 1 over the image, x to the right, y down. Outside is black.
    """

    def apply(x: Tensor, amount: Tensor, draw: Tensor | None = None) -> Tensor:
        draw = torch.rand_like(amount) if draw is None else draw
        grid = F.affine_grid(matrices((2 * draw - 1) * amount), list(x.shape), align_corners=False)
        return F.grid_sample(x, grid.to(x.dtype), align_corners=False)

    return apply


def _matrix(entries: dict[tuple[int, int], Tensor], like: Tensor) -> Tensor:
    identity = torch.eye(2, 3, dtype=like.dtype, device=like.device)
    rows = [
        [entries.get((i, j), identity[i, j].expand(len(like))) for j in range(3)] for i in range(2)
    ]
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)


def shift(amount: Tensor, axis: int) -> Tensor:
    """Return translations (n_images, 2, 3); an amount of 2 is the whole image."""
    return _matrix({(axis, 2): amount}, amount)


def turn(degrees: Tensor) -> Tensor:
    """Return rotations (n_images, 2, 3) about the middle, by degrees (n_images,)."""
    angle = degrees * (math.pi / 180)
    cos, sin = angle.cos(), angle.sin()
    return _matrix({(0, 0): cos, (0, 1): -sin, (1, 0): sin, (1, 1): cos}, degrees)


def shear(amount: Tensor, axis: int) -> Tensor:
    """Return shears (n_images, 2, 3) along an axis (0: x)."""
    return _matrix({(axis, 1 - axis): amount}, amount)


def _blend(x: Tensor, other: Tensor, amount: Tensor, draw: Tensor | None) -> Tensor:
    """Mix with ``other``, or move as far away from it, for each image."""
    draw = torch.rand_like(amount) if draw is None else draw
    return torch.lerp(x, other.expand_as(x), per_window((2 * draw - 1) * amount, x)).clamp(0, 1)


def contrast(x: Tensor, amount: Tensor, draw: Tensor | None = None) -> Tensor:
    """Blend each image with its mean grey, or away from it (amount 1: up to all or twice)."""
    luma = torch.tensor([0.299, 0.587, 0.114], dtype=x.dtype, device=x.device)
    grey = (x * luma[:, None, None]).sum(1, keepdim=True).mean((2, 3), keepdim=True)
    return _blend(x, grey, amount, draw)


def brightness(x: Tensor, amount: Tensor, draw: Tensor | None = None) -> Tensor:
    """Blend each image with black, or away from it (amount 1: up to all or twice)."""
    return _blend(x, torch.zeros_like(x), amount, draw)


def sample_pairing(x: Tensor, amount: Tensor, partner: Tensor | None = None) -> Tensor:
    """Blend each image with another of the batch by exactly the amount (Inoue 2018)."""
    if partner is None:
        partner = torch.randperm(len(x), device=x.device)
    return torch.lerp(x, x[partner], per_window(amount, x).expand_as(x))


def horizontal_flip(x: Tensor, probability: Tensor, draw: Tensor | None = None) -> Tensor:
    """Exchange left and right of each image with a probability."""
    return gate(x, x.flip(-1), probability, draw)


def random_crop(x: Tensor, amount: Tensor, draw: Tensor | None = None) -> Tensor:
    """Move each image by whole pixels, up to the amount in both directions; outside is black.

    ``draw`` (n_images, 2) is uniform in [0, 1): the steps down and to the right.
    """
    if draw is None:
        draw = torch.rand(len(x), 2, dtype=x.dtype, device=x.device)
    most = amount.detach().round()[:, None]
    step = torch.minimum((draw * (2 * most + 1)).floor() - most, most).long()
    height, width = x.shape[-2:]
    rows = torch.arange(height, device=x.device) + CROP + step[:, :1]
    columns = torch.arange(width, device=x.device) + CROP + step[:, 1:]
    padded = F.pad(x, (CROP, CROP, CROP, CROP))
    images = torch.arange(len(x), device=x.device)[:, None, None]
    return padded[images, :, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)
