"""Augerino: the range of affine image transformations, learned in their Lie algebra."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sleepaug.augment.augmentation import Augmentation
from sleepaug.support.errors import ConfigError

TRANSLATION = 0.1
"""Scale of the translations: fraction of half the image per unit of width."""

GENERATORS = {
    "translation_x": [[0, 0, TRANSLATION], [0, 0, 0], [0, 0, 0]],
    "translation_y": [[0, 0, 0], [0, 0, TRANSLATION], [0, 0, 0]],
    "rotation": [[0, -1, 0], [1, 0, 0], [0, 0, 0]],
    "scale": [[1, 0, 0], [0, 1, 0], [0, 0, 0]],
    "stretch": [[1, 0, 0], [0, -1, 0], [0, 0, 0]],
    "shear": [[0, 1, 0], [1, 0, 0], [0, 0, 0]],
}


class Augerino(Augmentation):
    """Random affine transformations of images, whose six widths are learned.

    Parameters
    ----------
    half_width : float
        Initial half width of all six uniform distributions, above 0. For the rotation it is the
        largest angle in radians.

    Notes
    -----
    ``A = expm(sum_i eps_i G_i)``, ``eps_i`` uniform in [-W_i / 2, W_i / 2], ``W = softplus(raw)``;
    the image is sampled bilinearly at A times the pixels' places. The regularizer is minus the
    norm of W. Source: Benton et al. 2020; half width pi / 8 in Section A.1 of the AugNet paper.

    Examples
    --------
    >>> augment = Augerino(half_width=0.2)
    >>> augment(torch.rand(4, 3, 32, 32)).shape
    torch.Size([4, 3, 32, 32])
    >>> f"{augment.describe()['1.rotation.amount']:.2f} degrees"
    '11.46 degrees'
    """

    at_inference = True

    def __init__(self, *, half_width: float = math.pi / 8) -> None:
        super().__init__()
        if not half_width > 0:
            raise ConfigError(f"half_width: must be above 0, got {half_width}.")
        raw = math.log(math.expm1(2 * half_width))
        self.raw_widths = nn.Parameter(torch.full((len(GENERATORS),), raw))
        generators = torch.tensor(list(GENERATORS.values()), dtype=torch.float32)
        self.register_buffer("generators", generators, persistent=False)
        self.generators: Tensor

    @property
    def widths(self) -> Tensor:
        """Widths (6,), above 0, of the uniform distributions, in the order of `GENERATORS`."""
        return F.softplus(self.raw_widths)

    def matrices(self, draw: Tensor) -> Tensor:
        """Return the affine matrices (n_images, 3, 3) for ``draw`` (n_images, 6) in [0, 1)."""
        steps = (draw - 0.5) * self.widths
        return torch.linalg.matrix_exp(torch.einsum("bi,ijk->bjk", steps, self.generators))

    def forward(self, x: Tensor) -> Tensor:
        """Transform images ``x`` (n_images, n_colours, height, width).

        Raises
        ------
        ConfigError
            ``x`` has another number of dimensions.
        """
        if x.ndim != 4:
            raise ConfigError(
                "Augerino transforms images (n_images, n_colours, height, width), got shape "
                f"{tuple(x.shape)}. For EEG use AugNet."
            )
        draw = torch.rand(len(x), len(GENERATORS), dtype=x.dtype, device=x.device)
        grid = F.affine_grid(self.matrices(draw)[:, :2], list(x.shape), align_corners=True)
        return F.grid_sample(x, grid, align_corners=True)

    def regularizer(self) -> Tensor:
        """Return minus the norm of the widths."""
        return -torch.linalg.vector_norm(self.widths)

    def describe(self) -> dict[str, float]:
        """Return the largest amounts: ``1.rotation.amount`` in degrees, the others as numbers.

        Translations are fractions of half the image's side; scale, stretch and shear are exponents
        (a scale of 0.1 is a zoom by up to exp(0.1)).
        """
        unit = {
            "translation_x": TRANSLATION,
            "translation_y": TRANSLATION,
            "rotation": 180 / math.pi,
        }
        return {
            f"1.{name}.amount": width / 2 * unit.get(name, 1.0)
            for name, width in zip(GENERATORS, self.widths.tolist(), strict=True)
        }
