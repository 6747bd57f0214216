"""Trunks: networks from windows to logits.

`Chambon2018` is the trunk of the paper's sleep experiments (its Table 3).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from sleepaug.models.conv_max_pool_compiled import conv_max_pool
from sleepaug.support.errors import ConfigError

N_FILTERS = 8


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
            weight, bias = self.spatial_conv.weight.squeeze((1, 3)), self.spatial_conv.bias
            assert bias is not None
            x = torch.baddbmm(bias[:, None], weight.expand(n_windows, -1, -1), x)
        x = x.reshape(n_windows * n_chans, -1, 1)
        for conv in (self.temporal_conv_1, self.temporal_conv_2):
            pooled = conv_max_pool(x, conv.weight.squeeze(2), self.pool, self.padding)
            assert conv.bias is not None
            x = (pooled + conv.bias).relu_()  # after the maximum it is the same, and cheaper
        return x.unflatten(0, (n_windows, n_chans)).permute(0, 3, 1, 2).flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n_windows, n_classes) of ``x`` (n_windows, n_chans, n_times)."""
        return self.final_layer(self.dropout(self.features(x)))
