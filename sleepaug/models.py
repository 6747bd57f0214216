"""Trunks: networks from windows to logits.

`Chambon2018` is the trunk of the paper's sleep experiments (its Table 3). It is small and its cost
is moving memory, so a convolution and the maximum over the neighbours that follows it are computed
together, as one matrix product: all the outputs that share a maximum are the columns of one banded
(Toeplitz) matrix.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from sleepaug.config import ConfigError

N_FILTERS = 8
CHUNK = 1 << 20
"""Numbers which a chunk of the product may hold on a CPU, so that it stays in the cache."""


def banded(weight: Tensor, pool: int) -> Tensor:
    """Return the matrix (width * n_in, pool * n_out) of ``pool`` neighbouring convolution outputs.

    Parameters
    ----------
    weight : Tensor of shape (n_out, n_in, n_taps)
        Filters.
    pool : int
        Number of neighbours; ``width = n_taps + pool - 1`` samples lie under them.
    """
    n_out, n_in, n_taps = weight.shape
    width = n_taps + pool - 1
    shifted = F.pad(weight, (pool - 1, pool - 1)).unfold(-1, width, 1).flip(2)
    return shifted.permute(3, 1, 2, 0).reshape(width * n_in, pool * n_out)


def patches(x: Tensor, width: int, pool: int, n_pools: int) -> Tensor:
    """Return the ``width`` samples under each pool: (n_rows * n_pools, width * n_in).

    ``x`` (n_rows, n_blocks * pool, n_in) is contiguous.
    """
    n_rows, n_times, n_in = x.shape
    shape = n_rows, n_pools, width * n_in
    return x.as_strided(shape, (n_times * n_in, pool * n_in, 1)).flatten(0, 1)


def plain_pooled_product(x: Tensor, matrix: Tensor, pool: int, n_pools: int) -> Tensor:
    """Return ``max_k (patches(x) @ matrix)[k]``, of shape (n_rows, n_pools, n_out)."""
    width = matrix.shape[0] // x.shape[-1]
    product = patches(x, width, pool, n_pools) @ matrix
    return product.unflatten(-1, (pool, -1)).max(1).values.unflatten(0, (len(x), n_pools))


def largest(product: Tensor, pool: int) -> tuple[Tensor, Tensor]:
    """Return the largest of the ``pool`` numbers of each output, and which it was."""
    pools = product.unflatten(-1, (1, pool, -1)).permute(0, 3, 1, 2)  # a "channels last" image
    best, winner = F.max_pool2d(pools, (1, pool), return_indices=True)
    return best[..., 0, 0], winner[..., 0, 0]


def largest_value(product: Tensor, pool: int) -> Tensor:
    """Return the largest of the ``pool`` numbers of each output, by halves: no index is needed."""
    rest = product.unflatten(-1, (pool, -1))
    while pool > 1:
        half = pool // 2
        best = torch.maximum(rest[:, :half], rest[:, half : 2 * half])
        if pool % 2:
            torch.maximum(best[:, 0], rest[:, -1], out=best[:, 0])
        rest, pool = best, half
    return rest[:, 0]


class _PooledProduct(torch.autograd.Function):
    """`plain_pooled_product` in chunks, keeping of each product only which column won.

    One in ``pool`` numbers of the product's gradient is not zero, so the gradients are sums of a
    few rows (embedding bags) instead of matrix products.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, matrix: Tensor, pool: int, n_pools: int) -> Tensor:
        width, n_out = matrix.shape[0] // x.shape[-1], matrix.shape[1] // pool
        size = chunk_size(x, matrix, n_pools)
        values = x.new_empty(len(x) * n_pools, n_out)
        code_type = torch.uint8 if matrix.shape[1] <= 256 else torch.int16
        columns = torch.empty(values.shape, dtype=code_type, device=x.device)
        number = torch.arange(n_out, device=x.device)
        for first in range(0, len(x), size):
            product = patches(x[first : first + size], width, pool, n_pools) @ matrix
            stretch = slice(first * n_pools, first * n_pools + len(product))
            values[stretch], winner = largest(product, pool)
            columns[stretch] = winner * n_out + number
        ctx.save_for_backward(x, matrix, columns)
        ctx.sizes = pool, n_pools  # type: ignore[attr-defined]
        return values.view(len(x), n_pools, n_out)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, matrix, columns = ctx.saved_tensors
        pool, n_pools = ctx.sizes
        if torch.is_grad_enabled():  # a gradient of the gradient is wanted
            plain = plain_pooled_product(x, matrix, pool, n_pools)
            return *torch.autograd.grad(plain, (x, matrix), grad, create_graph=True), None, None
        n_in, n_out = x.shape[-1], columns.shape[1]
        width = matrix.shape[0] // n_in
        size = chunk_size(x, matrix, n_pools)
        grad = grad.reshape(-1, n_out)
        rows = matrix.T.contiguous()
        of_x, of_rows = torch.zeros_like(x), torch.zeros_like(rows)
        n_blocks = x.shape[1] // pool
        # Where the patch of each pool begins, in blocks; patches overlap and are not copied.
        starts = torch.arange(min(size, len(x)), device=x.device)[:, None] * n_blocks
        starts = (starts + torch.arange(n_pools, device=x.device)).repeat_interleave(n_out)
        for first in range(0, len(x), size):
            part = x[first : first + size]
            stretch = slice(first * n_pools, (first + len(part)) * n_pools)
            column, weight = columns[stretch], grad[stretch]
            n_starts = (len(part) - 1) * n_blocks + n_pools
            table = part.as_strided((n_starts, width * n_in), (pool * n_in, 1))
            start = starts[: column.numel()]
            of_rows += sum_by_column(table, start, column.flatten(), weight.flatten(), len(rows))
            if ctx.needs_input_grad[0]:
                of_patch = F.embedding_bag(
                    column.long(), rows, mode="sum", per_sample_weights=weight
                ).view(len(part), n_pools, width * n_in)
                blocks = of_x[first : first + size].view(len(part), -1, pool * n_in)
                for i, piece in enumerate(of_patch.split(pool * n_in, dim=-1)):
                    blocks[:, i : i + n_pools, : piece.shape[-1]] += piece
        return of_x, of_rows.T, None, None


def sum_by_column(
    table: Tensor, row: Tensor, column: Tensor, weight: Tensor, n_columns: int
) -> Tensor:
    """Return for each column the weighted sum of its rows of a table.

    ``row``, ``column`` and ``weight`` (n,) say which row counts for which column, and how much; the
    result is (n_columns, n_inputs).
    """
    order = column.argsort(stable=True)
    counts = column.bincount(minlength=n_columns)
    first = counts.cumsum(0) - counts
    return F.embedding_bag(row[order], table, first, mode="sum", per_sample_weights=weight[order])


def chunk_size(x: Tensor, matrix: Tensor, n_pools: int) -> int:
    """Return how many rows of ``x`` are computed at once: all of them on an accelerator."""
    if x.device.type != "cpu":
        return max(1, len(x))
    return max(1, CHUNK // (n_pools * sum(matrix.shape)))


def conv_max_pool(x: Tensor, weight: Tensor, pool: int, padding: int) -> Tensor:
    """Convolve, then take the maximum of each ``pool`` neighbours; the first one wins a tie.

    Parameters
    ----------
    x : Tensor of shape (n_rows, n_times, n_in)
        Signals.
    weight : Tensor of shape (n_out, n_in, n_taps)
        Filters.
    pool, padding : int
        In samples; zeros are added at either end.

    Returns
    -------
    Tensor of shape (n_rows, n_pools, n_out)
        ``max_pool1d(conv1d(x, weight, padding=padding), pool)``.
    """
    n_taps = weight.shape[-1]
    n_pools = (x.shape[1] + 2 * padding - n_taps + 1) // pool
    n_blocks = n_pools + -(-(n_taps + pool - 1) // pool) - 1
    padded = F.pad(x, (0, 0, padding, n_blocks * pool - x.shape[1] - padding)).contiguous()
    matrix = banded(weight, pool)
    if torch.is_grad_enabled() and (padded.requires_grad or matrix.requires_grad):
        return _PooledProduct.apply(padded, matrix, pool, n_pools)
    width = matrix.shape[0] // x.shape[-1]
    size = max(1, chunk_size(padded, matrix, n_pools) // 2)
    products = (patches(part, width, pool, n_pools) @ matrix for part in padded.split(size))
    best = torch.cat([largest_value(product, pool) for product in products])
    return best.unflatten(0, (len(x), n_pools))


class Chambon2018(nn.Module):
    """Sleep stager of Chambon et al. (2018): a spatial filter and two temporal convolutions.

    Parameters
    ----------
    n_chans, n_times : int
        Shape of a window.
    sfreq : float
        Sampling frequency in Hz. Filters last 0.5 s, pools 0.125 s, padding 0.25 s: 64, 16 and 32
        samples at 128 Hz.
    n_classes : int
        Number of stages.
    drop_prob : float
        Dropout before the last layer.

    Notes
    -----
    As many virtual channels as channels, 8 temporal filters, no batch normalisation. Parameters
    have the shapes of braindecode's ``SleepStagerChambon2018``, in the same order.
    Source: Table 3 of the AugNet paper; Chambon et al. 2018, IEEE TNSRE 26(4).

    Examples
    --------
    >>> trunk = Chambon2018(n_chans=6, n_times=3000, sfreq=100.0)
    >>> trunk(torch.randn(2, 6, 3000)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        *,
        n_chans: int,
        n_times: int,
        sfreq: float,
        n_classes: int = 5,
        drop_prob: float = 0.5,
    ) -> None:
        super().__init__()
        n_taps = math.ceil(0.5 * sfreq)
        self.pool = math.ceil(0.125 * sfreq)
        self.padding = math.ceil(0.25 * sfreq)
        n_pools = n_times
        for _ in range(2):
            n_pools = (n_pools + 2 * self.padding - n_taps + 1) // self.pool
        if n_pools < 1:
            raise ConfigError(
                f"n_times: {n_times} samples at {sfreq:g} Hz are too short for chambon2018, whose "
                f"two poolings leave nothing. Take windows of at least {self.pool**2} samples."
            )
        self.spatial_conv = nn.Conv2d(1, n_chans, (n_chans, 1)) if n_chans > 1 else None
        self.temporal_conv_1 = nn.Conv2d(1, N_FILTERS, (1, n_taps))
        self.temporal_conv_2 = nn.Conv2d(N_FILTERS, N_FILTERS, (1, n_taps))
        self.dropout = nn.Dropout(drop_prob)
        self.final_layer = nn.Linear(N_FILTERS * n_chans * n_pools, n_classes)

    def features(self, x: Tensor) -> Tensor:
        """Return what the last layer sees of ``x`` (n_windows, n_chans, n_times), in evaluation."""
        n_windows, n_chans, _ = x.shape
        if self.spatial_conv is not None:
            weight, bias = self.spatial_conv.weight[:, 0, :, 0], self.spatial_conv.bias
            assert bias is not None
            x = torch.baddbmm(bias[:, None], weight.expand(n_windows, -1, -1), x)
        x = x.reshape(n_windows * n_chans, -1, 1)
        for conv in (self.temporal_conv_1, self.temporal_conv_2):
            pooled = conv_max_pool(x, conv.weight[:, :, 0], self.pool, self.padding)
            assert conv.bias is not None
            x = torch.relu(pooled + conv.bias)  # after the maximum it is the same, and cheaper
        return x.unflatten(0, (n_windows, n_chans)).permute(0, 3, 1, 2).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n_windows, n_classes) of ``x`` (n_windows, n_chans, n_times)."""
        return self.final_layer(self.dropout(self.features(x)))


def make_trunk(
    name: str, *, n_chans: int, n_times: int, sfreq: float, n_classes: int, **options: Any
) -> nn.Module:
    """Build a trunk by name: one of `TRUNKS`, or any of braindecode's models.

    Parameters
    ----------
    name
        Of `TRUNKS`, or a class of ``braindecode.models``.
    n_chans, n_times, sfreq, n_classes
        Shape of the windows, their rate in Hz, and the number of stages.
    **options
        Further arguments of the trunk.
    """
    make: Callable[..., nn.Module]
    if name in TRUNKS:
        make = TRUNKS[name]
    else:
        from sleepaug.braindecode_bridge import braindecode_trunk

        make = partial(braindecode_trunk, name)
    return make(n_chans=n_chans, n_times=n_times, sfreq=sfreq, n_classes=n_classes, **options)


def _spectral(**options: Any) -> nn.Module:
    from sleepaug.spectral import SpectralStager

    return SpectralStager(**options)


TRUNKS: dict[str, Callable[..., nn.Module]] = {"chambon2018": Chambon2018, "spectral": _spectral}
