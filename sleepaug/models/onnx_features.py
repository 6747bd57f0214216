"""The features of `sleepaug.data.signals.features` in operations that ONNX has, at 50 Hz."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor, nn

from sleepaug.data.signals.features import EDGES, FLOOR, LARGE, RHYTHMS
from sleepaug.data.stages import WINDOW_SECONDS
from sleepaug.models.recording_features import SFREQ

N_TIMES = round(WINDOW_SECONDS * SFREQ)


class FeatureGraph(nn.Module):
    """Windows in microvolts to their features, as `window_features` computes them.

    Fourier transforms are products with matrices: onnxruntime's own are less exact, and slower.

    Examples
    --------
    >>> FeatureGraph()(torch.randn(8, 2, 1500)).shape
    torch.Size([8, 2, 31])
    """

    def __init__(self) -> None:
        super().__init__()
        freqs = np.arange(N_TIMES // 2) / WINDOW_SECONDS
        freqs = freqs[(freqs >= 0.4) & (freqs <= EDGES[-1])]
        waves = _waves(N_TIMES, freqs) * np.sqrt(2 / N_TIMES)
        self.n_slow = 2 * int((freqs <= 4).sum())
        frames = {seconds: _frame_matrix(seconds) for seconds in (4, 2)}
        inside = np.arange(0, EDGES[-1], 0.25)
        inside = inside[inside >= EDGES[0]]
        self.waves: Tensor
        self.long: Tensor
        self.short: Tensor
        self.freqs: Tensor
        for name, value in (
            ("waves", waves), ("long", frames[4]), ("short", frames[2]), ("freqs", inside)
        ):  # fmt: skip
            self.register_buffer(name, torch.tensor(value, dtype=torch.float32))

    def forward(self, windows: Tensor) -> Tensor:
        """Return features (n_windows, n_channels, 31); NaN where a window has any."""
        missing = windows.isnan().any(dim=-1, keepdim=True)
        x = torch.where(missing, 0.0, windows)
        x = x - x.mean(-1, keepdim=True)
        columns = [*self._of_spectrum(x), *self._of_changes(x), *self._of_shape(x)]
        return torch.where(missing, torch.nan, torch.stack(columns, dim=-1))

    def _of_spectrum(self, x: Tensor) -> list[Tensor]:
        power = _power(x, self.long, 2)
        bands = [
            (_median(_band(power, band, 4), -1) + FLOOR).log() for band in itertools.pairwise(EDGES)
        ]
        first = round(4 * EDGES[0])
        density = _median(power[..., first : first + len(self.freqs)], -2) + 1e-6
        m0, m2, m4 = ((density * self.freqs**k).sum(-1) for k in (0, 2, 4))
        share = density.cumsum(-1) / m0[..., None]
        edge = self.freqs[(share < 0.9).sum(-1).clamp(max=len(self.freqs) - 1)]
        mobility = 0.5 * (m2 / m0).log()
        return [
            *bands,
            0.5 * (m0 / 4).log(),
            mobility,
            0.5 * (m4 / m2).log() - mobility,
            edge.log(),
        ]

    def _of_changes(self, x: Tensor) -> list[Tensor]:
        power = _power(x, self.short, 1)
        spread, bursts = [], []
        for band in RHYTHMS.values():
            level = (_band(power, band, 2) + FLOOR).log().sort(dim=-1).values
            last = level.shape[-1] - 1
            above = level[..., round(0.92 * last)] - level[..., (last + 1) // 2]
            spread.append((level.std(-1, correction=0) + 0.05).log())
            bursts.append((above.clamp(min=0) + 0.1).log())
        return [*spread, *bursts]

    def _of_shape(self, x: Tensor) -> list[Tensor]:
        parts = x @ self.waves
        filtered = parts @ self.waves.mT
        slow = parts[..., : self.n_slow] @ self.waves[:, : self.n_slow].mT
        scaled = filtered / (filtered.std(-1, correction=0, keepdim=True) + 1e-3)
        pieces = filtered.unflatten(-1, (-1, round(3 * SFREQ)))
        extent = _median(pieces.amax(-1) - pieces.amin(-1), -1)
        lag, below = round(0.1 * SFREQ), scaled < 0
        crossings = (below[..., 1:] != below[..., :-1]).float().mean(-1) * SFREQ
        return [
            (scaled**4).mean(-1).clamp(min=1).log(),
            (scaled**3).mean(-1).asinh(),
            (crossings + 0.1).log(),
            (extent + 0.1).log(),
            ((slow.abs() > LARGE).float().mean(-1) + 0.003).log(),
            (scaled[..., lag:] * scaled[..., :-lag]).mean(-1),
        ]


def _waves(n_times: int, freqs: np.ndarray) -> np.ndarray:
    """Return cosine and sine of each frequency, in turn; shape (n_times, 2 n_freqs)."""
    angle = 2 * np.pi * np.outer(np.arange(n_times) / SFREQ, freqs)
    return np.stack([np.cos(angle), np.sin(angle)], axis=2).reshape(n_times, -1)


def _frame_matrix(seconds: int) -> np.ndarray:
    """Return what a frame is multiplied with to give the Fourier transform of `frame_power`."""
    size = round(seconds * SFREQ)
    taper = np.hanning(size + 1)[:-1, None]
    waves = taper * _waves(size, np.arange(EDGES[-1] * seconds + 1) / seconds)
    waves *= np.sqrt(2 / (SFREQ * (taper**2).sum()))
    return waves - waves.mean(axis=0)  # subtracts the mean of the frame


def _power(x: Tensor, matrix: Tensor, hop_seconds: int) -> Tensor:
    """Power density (..., n_frames, n_freqs)."""
    parts = x.unfold(-1, len(matrix), round(hop_seconds * SFREQ)) @ matrix
    return parts.square().unflatten(-1, (-1, 2)).sum(-1)


def _band(power: Tensor, band: tuple[float, float], bins_per_hertz: int) -> Tensor:
    """Mean power in a band."""
    low, high = (round(edge * bins_per_hertz) for edge in band)
    return power[..., low:high].mean(-1)


def _median(x: Tensor, dim: int) -> Tensor:
    """Return the mean of the two in the middle, unlike torch's median."""
    ordered, n = x.sort(dim=dim).values, x.shape[dim]
    return (ordered.select(dim, (n - 1) // 2) + ordered.select(dim, n // 2)) / 2
