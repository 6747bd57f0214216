"""A convolution and the maximum over neighbours that follows it, computed together.

The trunk is small and on a CPU its cost is moving memory. All the outputs that share a maximum are
the columns of one banded (Toeplitz) matrix, so that a convolution is one matrix product with the
patches under the pools; a few rows at a time, in buffers that stay in the cache. An accelerator,
where each kernel that is launched costs, takes torch's own layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx

CHUNK = 1 << 20
"""Numbers which the buffers of a chunk may hold, so that they stay in the cache."""


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


class Pools(NamedTuple):
    """Which samples lie under which pool."""

    pool: int
    padding: int
    n_pools: int
    width: int

    @classmethod
    def of(cls, x: Tensor, weight: Tensor, pool: int, padding: int) -> Pools:
        """Return the pools over ``x`` (n_rows, n_times, n_in) convolved with ``weight``."""
        n_taps = weight.shape[-1]
        n_pools = (x.shape[1] + 2 * padding - n_taps + 1) // pool
        return cls(pool, padding, n_pools, n_taps + pool - 1)

    @property
    def n_blocks(self) -> int:
        """Blocks of ``pool`` samples that the patches reach over."""
        return self.n_pools + -(-self.width // self.pool) - 1

    def pad(self, x: Tensor) -> Tensor:
        """Return ``x`` (n_rows, n_times, n_in) with zeros around, in whole blocks."""
        after = self.n_blocks * self.pool - x.shape[1] - self.padding
        return F.pad(x, (0, 0, self.padding, after)).contiguous()

    def patches(self, padded: Tensor) -> Tensor:
        """Return a view (n_rows, n_pools, width * n_in) of the samples under each pool."""
        n_rows, n_times, n_in = padded.shape
        shape = n_rows, self.n_pools, self.width * n_in
        return padded.as_strided(shape, (n_times * n_in, self.pool * n_in, 1))

    def chunks(
        self, x: Tensor, n_columns: int, chunk: int = CHUNK
    ) -> Iterator[tuple[slice, Tensor]]:
        """Yield some rows of ``x`` and their patches (n_rows * n_pools, width * n_in), repeatedly.

        The patches are overwritten by the next ones.
        """
        n_rows, n_times, n_in = x.shape
        size = max(1, min(n_rows, chunk // (self.n_pools * (self.width * n_in + n_columns))))
        padded = x.new_zeros(size, self.n_blocks * self.pool, n_in)
        inside = padded[:, self.padding : self.padding + n_times]
        patches = x.new_empty(size, self.n_pools, self.width * n_in)
        for first in range(0, n_rows, size):
            part = x[first : first + size]
            inside[: len(part)] = part[:, : inside.shape[1]]
            patches[: len(part)] = self.patches(padded)[: len(part)]
            yield slice(first, first + len(part)), patches[: len(part)].flatten(0, 1)


def plain_pooled_product(x: Tensor, matrix: Tensor, pools: Pools) -> Tensor:
    """Return ``max_k (patches(x) @ matrix)[k]``, of shape (n_rows, n_pools, n_out)."""
    product = pools.patches(pools.pad(x)) @ matrix
    return product.unflatten(-1, (pools.pool, -1)).max(2).values


class _PooledProduct(torch.autograd.Function):
    """`plain_pooled_product` in chunks, keeping of each product only which column won.

    One in ``pool`` numbers of the product's gradient is not zero, so the gradients are sums of a
    few rows (embedding bags) instead of matrix products.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, matrix: Tensor, pools: Pools) -> Tensor:
        n_out = matrix.shape[1] // pools.pool
        values = x.new_empty(len(x), pools.n_pools, n_out)
        code_type = torch.uint8 if matrix.shape[1] <= 256 else torch.int16
        columns = torch.empty(values.shape, dtype=code_type, device=x.device)
        number = torch.arange(n_out, device=x.device)
        buffer = x.new_empty(0)
        for rows, patches in pools.chunks(x, matrix.shape[1]):
            buffer = torch.mm(patches, matrix, out=buffer.resize_(len(patches), matrix.shape[1]))
            groups = buffer.unflatten(-1, (1, pools.pool, -1)).permute(0, 3, 1, 2)
            best, winner = F.max_pool2d(groups, (1, pools.pool), return_indices=True)
            values[rows] = best.view_as(values[rows])
            columns[rows] = (winner[..., 0, 0] * n_out + number).view_as(values[rows])
        ctx.save_for_backward(x, matrix, columns)
        ctx.pools = pools  # type: ignore[attr-defined]
        return values

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, matrix, columns = ctx.saved_tensors
        pools: Pools = ctx.pools
        if torch.is_grad_enabled():  # a gradient of the gradient is wanted
            plain = plain_pooled_product(x, matrix, pools)
            return *torch.autograd.grad(plain, (x, matrix), grad, create_graph=True), None
        n_in, n_out = x.shape[-1], columns.shape[-1]
        transposed = matrix.T.contiguous()
        of_transposed = torch.zeros_like(transposed)
        of_x = torch.empty_like(x) if ctx.needs_input_grad[0] else None
        of_padded = x.new_empty(0)
        for rows, patches in pools.chunks(x, matrix.shape[1]):
            n_rows = rows.stop - rows.start
            column = columns[rows].flatten(0, 1)  # small integers are sorted faster
            weight = grad[rows].reshape(-1, n_out)
            of_transposed += sum_by_column(patches, column, weight, matrix.shape[1])
            if of_x is None:
                continue
            of_patches = F.embedding_bag(
                column.long(), transposed, mode="sum", per_sample_weights=weight
            ).view(n_rows, pools.n_pools, -1)
            block = pools.pool * n_in
            of_padded = of_padded.resize_(n_rows, pools.n_blocks, block).zero_()
            for i, piece in enumerate(of_patches.split(block, dim=-1)):
                of_padded[:, i : i + pools.n_pools, : piece.shape[-1]].add_(piece)
            inside = of_padded.view(n_rows, -1, n_in)[:, pools.padding :][:, : x.shape[1]]
            of_x[rows, : inside.shape[1]] = inside
            of_x[rows, inside.shape[1] :] = 0
        return of_x, of_transposed.T, None


def sum_by_column(table: Tensor, column: Tensor, weight: Tensor, n_columns: int) -> Tensor:
    """Return ``D.T @ table``, where D is all 0 but ``D[i, column[i, f]] = weight[i, f]``."""
    column, weight = column.flatten(), weight.flatten()
    order = column.argsort(stable=True)
    counts = column.bincount(minlength=n_columns)
    rows = torch.arange(len(table)).repeat_interleave(len(column) // len(table))
    first = counts.cumsum(0) - counts
    return F.embedding_bag(rows[order], table, first, mode="sum", per_sample_weights=weight[order])


def by_layers(x: Tensor, weight: Tensor, pool: int, padding: int) -> Tensor:
    """Return what `conv_max_pool` does, by torch's convolution and pooling."""
    convolved = F.conv2d(x.transpose(1, 2)[:, :, None], weight[:, :, None], padding=(0, padding))
    return F.max_pool2d(convolved, (1, pool)).squeeze(2).transpose(1, 2)


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
    if x.device.type != "cpu":
        return by_layers(x, weight, pool, padding)
    if torch.is_autocast_enabled("cpu"):  # what follows is in float32 only
        with torch.autocast("cpu", enabled=False):
            return conv_max_pool(x.float(), weight.float(), pool, padding)
    pools = Pools.of(x, weight, pool, padding)
    matrix = banded(weight, pool)
    if torch.is_grad_enabled() and (x.requires_grad or matrix.requires_grad):
        return _PooledProduct.apply(x, matrix, pools)
    # The products lie as (pool, n_out, ...): the maximum over the first dimension is the cheapest.
    transposed = matrix.T.contiguous()
    values = x.new_empty(len(weight), len(x), pools.n_pools)
    buffer = x.new_empty(0)
    for rows, patches in pools.chunks(x, len(transposed), CHUNK // 2):
        buffer = torch.mm(transposed, patches.T, out=buffer.resize_(len(transposed), len(patches)))
        best = buffer.unflatten(0, (pool, -1)).amax(0)
        values[:, rows] = best.unflatten(-1, (-1, pools.n_pools))
    return values.permute(1, 2, 0)
