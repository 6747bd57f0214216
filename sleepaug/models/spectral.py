"""A trunk that looks at each channel's power over time, and takes any of its channels.

Chambon's network adds up its channels with fixed weights and measures amplitudes, so it has to be
trained for each montage and level. Here every channel is described by the same small network, from
the logarithm of its power in bands (a gain is a shift of it), and the descriptions of the channels
that a recording has are averaged.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sleepaug.data.signals.scaling import EDGES
from sleepaug.support.errors import ConfigError

HIGHEST = 22.0
"""Highest frequency in Hz: a recording at 50 Hz, the lowest rate that is read, still has it."""
FRAME_SECONDS, HOP_SECONDS = 2.0, 1.0
TYPICAL, FLOOR = 0.03, 1e-3
"""Power densities (1 / Hz): typical of a window scaled by its recording, and added to every one."""


class SpectralStager(nn.Module):
    """Sleep stager on log band powers, second by second, of the channels that a recording has.

    Parameters
    ----------
    n_chans, n_times : int
        Shape of a window. A channel that is all zero counts as missing.
    sfreq : float
        Sampling frequency in Hz.
    n_classes : int
        Number of stages.
    n_hidden : int
        Width of all layers.
    drop_prob : float
        Dropout.

    Notes
    -----
    Frames of 2 s (Hann) every second, bands of `sleepaug.data.signals.scaling.EDGES` up to 22 Hz,
    two convolutions over time, their mean, maximum and standard deviation, and a learned vector for
    the place of the channel.

    Examples
    --------
    >>> trunk = SpectralStager(n_chans=6, n_times=1500, sfreq=50.0)
    >>> trunk(torch.randn(2, 6, 1500)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        *,
        n_chans: int,
        n_times: int,
        sfreq: float,
        n_classes: int = 5,
        n_hidden: int = 48,
        drop_prob: float = 0.3,
    ) -> None:
        super().__init__()
        self.frame, self.hop = round(FRAME_SECONDS * sfreq), round(HOP_SECONDS * sfreq)
        if sfreq < 2 * HIGHEST or n_times < 3 * self.frame:
            raise ConfigError(
                f"trunk spectral: expected at least {2 * HIGHEST:g} Hz and windows of "
                f"{3 * FRAME_SECONDS:g} s, got {sfreq:g} Hz and {n_times} samples."
            )
        edges = torch.tensor([float(edge) for edge in EDGES if edge <= HIGHEST])
        freqs = torch.arange(round(HIGHEST * FRAME_SECONDS)) / FRAME_SECONDS + 1e-6
        inside = (freqs >= edges[:-1, None]) & (freqs < edges[1:, None])
        phase = 2 * torch.pi / sfreq * torch.arange(self.frame)[:, None] * freqs
        taper = torch.hann_window(self.frame)[:, None]
        waves = torch.cat([phase.cos(), phase.sin()], 1) * taper
        waves = (waves - waves.mean(0)) * (2 / sfreq / (taper**2).sum()).sqrt()  # no mean of x
        # Not saved with the weights: they follow from the arguments.
        self.register_buffer("waves", waves, persistent=False)
        self.register_buffer("bands", (inside / inside.sum(1, keepdim=True)).T, persistent=False)
        self.bands: Tensor
        self.waves: Tensor
        self.conv_1 = nn.Conv1d(len(edges) - 1, n_hidden, 3, padding=1)
        self.conv_2 = nn.Conv1d(n_hidden, n_hidden, 3, padding=1)
        self.summary = nn.Linear(3 * n_hidden, n_hidden)
        self.place = nn.Parameter(torch.zeros(n_chans, n_hidden))
        self.dropout = nn.Dropout(drop_prob)
        self.hidden = nn.Linear(n_hidden, n_hidden)
        self.final_layer = nn.Linear(n_hidden, n_classes)

    def log_power(self, x: Tensor) -> Tensor:
        """Return log10 of relative power (n, n_bands, n_frames) of signals (n, n_times)."""
        parts = x.unfold(-1, self.frame, self.hop) @ self.waves
        power = parts.square().unflatten(-1, (2, -1)).sum(-2)
        return torch.log10((power @ self.bands + FLOOR) / TYPICAL).transpose(-1, -2)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n_windows, n_classes) of ``x`` (n_windows, n_chans, n_times)."""
        present = (x != 0).any(-1)
        # Which channels are there would have to be asked for: an accelerator computes all of them.
        # An export has to compute all, too: their number is unknown.
        fixed = x.device.type != "cpu" or torch.compiler.is_exporting()
        some = None if fixed else present
        h = F.gelu(self.conv_1(self.log_power(x.flatten(0, 1) if some is None else x[some])))
        h = F.gelu(self.conv_2(h))
        mean = h.mean(-1)
        spread = ((h - mean[..., None]).square().mean(-1) + 1e-6).sqrt()
        h = self.summary(self.dropout(torch.cat([mean, h.amax(-1), spread], 1)))
        place = self.place.expand(*present.shape, -1)
        if some is None:
            each = F.gelu(h.unflatten(0, present.shape) + place) * present[..., None]
        else:
            h = F.gelu(h + place[some])
            each = h.new_zeros(*present.shape, h.shape[-1]).masked_scatter(some[..., None], h)
        mean_channel = each.sum(1) / present.sum(1, keepdim=True).clamp(min=1)
        return self.final_layer(self.dropout(F.gelu(self.hidden(mean_channel))))
