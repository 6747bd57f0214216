"""A network that stages a whole recording from the features of its windows.

Each channel of a window is described twice, side by side: by its features as they are, and by how
they differ from the rest of the recording. The descriptions of all channels are averaged, so that
any number of them will do. One head looks at a window alone, another at half an hour on
either side; their probabilities are averaged. They err differently, so that where they disagree the
certainty is low, as it should be.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

DILATIONS = (1, 2, 4, 8, 16, 32)
"""Windows apart that a convolution looks at: with all of them, 63 windows on either side."""
TYPICAL_AFTER = 40
"""Windows after which what is typical of a recording counts as much as what is of all."""
FURTHEST, CLEAREST = 8.0, 5.0
"""Standard deviations at which a feature is cut, and at which the network sees it."""


class RecordingNetwork(nn.Module):
    """Stager of recordings, on features of their windows.

    Parameters
    ----------
    n_features : int
        Of a window of one channel.
    n_place : int
        Numbers that say what kind a channel is and where its electrodes sit.
    n_classes : int
        Number of stages.
    n_hidden : int
        Width.
    drop_prob : float
        Dropout.

    Notes
    -----
    The buffers `mean`, `sd` and `spread` (of each feature, the last one the typical distance of the
    10th and 90th percentile within a recording, in `sd`) are set by `learn_scale` before training
    and are saved with the weights.

    Examples
    --------
    >>> trunk = RecordingNetwork(n_features=31, n_place=9)
    >>> x = torch.randn(2, 60, 3, 31)
    >>> x[0, :, 2] = torch.nan  # the first recording has two channels
    >>> trunk(x, torch.randn(2, 3, 9)).shape
    torch.Size([2, 60, 5])
    """

    def __init__(
        self,
        *,
        n_features: int,
        n_place: int,
        n_classes: int = 5,
        n_hidden: int = 48,
        drop_prob: float = 0.2,
    ) -> None:
        super().__init__()
        for name in ("mean", "sd", "spread"):
            self.register_buffer(name, torch.full((n_features,), float(name != "mean")))
        self.mean: Tensor
        self.sd: Tensor
        self.spread: Tensor
        self.describe_1 = nn.Linear(2 * n_features + n_place + 1, 64)
        self.describe_2 = nn.Linear(64, n_hidden)
        self.context = nn.ModuleList(
            nn.Conv1d(n_hidden, 2 * n_hidden, 3, padding=d, dilation=d) for d in DILATIONS
        )
        self.norms = nn.ModuleList(nn.LayerNorm(n_hidden) for _ in DILATIONS)
        self.alone = nn.Linear(n_hidden, n_classes)
        self.among = nn.Linear(n_hidden, n_classes)
        self.dropout, self.dropout_context = nn.Dropout(drop_prob), nn.Dropout(drop_prob / 2)

    def learn_scale(self, recordings: list[Tensor]) -> None:
        """Set what is typical of each feature from recordings (n_windows, n_chans, n_features)."""
        everything = torch.cat([x[::7].flatten(0, 1) for x in recordings])
        known = everything[~everything.isnan().any(dim=1)]
        self.mean.copy_(known.mean(0))
        self.sd.copy_(known.std(0) + 1e-3)
        low, high = (
            torch.cat([self._scaled(x).nanquantile(q, dim=0) for x in recordings])
            for q in (0.1, 0.9)
        )
        self.spread.copy_((high - low).nanmedian(0).values)

    def _scaled(self, x: Tensor) -> Tensor:
        return ((x - self.mean) / self.sd).clamp(-FURTHEST, FURTHEST)

    def among_recording(self, z: Tensor) -> Tensor:
        """Return scaled features relative to their recording's, shrunk to what is typical.

        Parameters
        ----------
        z : Tensor of shape (n, n_windows, n_chans, n_features)
            NaN where a channel is absent.
        """
        n_windows = z.shape[1]
        thin = z[:, :: max(1, n_windows // 300)]  # quantiles need no more
        low, middle, high = known_quantiles(thin, (0.1, 0.5, 0.9))
        own = n_windows / (n_windows + TYPICAL_AFTER)
        spread = own * (high - low) + (1 - own) * self.spread
        return (z - own * middle) / (spread / 2.5 + 0.15)

    def logits(self, x: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of both heads, each (n, n_windows, n_classes); see `forward`."""
        z = self._scaled(x)
        present = ~z.isnan().any(dim=-1, keepdim=True)
        beside = self.among_recording(z)
        n_windows = z.shape[1]
        own = z.new_full((*z.shape[:3], 1), n_windows / (n_windows + TYPICAL_AFTER))
        where = place[:, None].expand(*z.shape[:3], -1)
        seen = [v.nan_to_num().clamp(-CLEAREST, CLEAREST) for v in (z, beside)]
        h = F.gelu(self.describe_1(torch.cat([*seen, where, own], dim=-1)))
        h = self.describe_2(self.dropout(h))
        h = F.gelu((h * present).sum(2) / present.sum(2).clamp(min=1))
        h = wide = self.dropout(h)
        for convolution, norm in zip(self.context, self.norms, strict=True):
            value, gate = convolution(norm(wide).mT).mT.chunk(2, dim=-1)
            wide = wide + self.dropout_context(value * gate.sigmoid())
        return self.alone(self.dropout(h)), self.among(self.dropout(wide))

    def forward(self, x: Tensor, place: Tensor) -> Tensor:
        """Return log-probabilities (n, n_windows, n_classes).

        Parameters
        ----------
        x : Tensor of shape (n, n_windows, n_chans, n_features)
            Features of successive windows; NaN where a channel is absent or faulty.
        place : Tensor of shape (n, n_chans, n_place)
            Kind and place of each channel.
        """
        alone, among = (head.log_softmax(-1) for head in self.logits(x, place))
        return torch.logaddexp(alone, among) - torch.log(x.new_tensor(2.0))


def known_quantiles(x: Tensor, levels: Sequence[float]) -> list[Tensor]:
    """Return quantiles over the second dimension, without NaN; 0 where all are NaN.

    They are those of `torch.nanquantile`, which cannot be exported.
    """
    known = ~x.isnan()
    ordered = x.masked_fill(~known, torch.inf).sort(dim=1).values
    last = known.sum(1, keepdim=True) - 1
    values = []
    for level in levels:
        rank = (level * last).clamp(min=0)
        below, above = (ordered.gather(1, k.long()) for k in (rank.floor(), rank.ceil()))
        values.append(torch.where(last >= 0, torch.lerp(below, above, rank.frac()), 0))
    return values
