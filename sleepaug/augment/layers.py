"""AugNet's layers: which transformation, how strongly, learned by gradient descent.

Nothing here knows what a window is: the first dimension counts examples, the rest is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from sleepaug.augment.augmentation import Augmentation
from sleepaug.augment.chosen import apply_chosen
from sleepaug.augment.fused import fused_sum, sensors_sum
from sleepaug.augment.selection import MeasuredLayer
from sleepaug.augment.transform import Transform, Transforms
from sleepaug.support.errors import ConfigError

REGULARIZERS = ("selective", "magnitudes", "none")


class AugmentationLayer(nn.Module):
    """A weighted average of transformations, of which training selects one (eq. 2).

    Parameters
    ----------
    transforms : sequence of Transform
        Candidates, with different names.
    magnitude : float
        Initial magnitude of all of them, in [0, 1]. At 0 the regularizer gives no direction.
    temperature : float
        The weights are ``softmax(logits / temperature)``.
    freeze_probabilities : bool
        Leave the magnitude of transforms whose amount is a probability at its initial value, as
        the authors' code does.

    Notes
    -----
    In training the result is ``sum_q w_q T_q(x; mu_q)``. In evaluation every example draws one
    transform with probabilities ``w`` and only that one is computed.
    Source: Section 3.3. Temperature 0.01 and logits of 1 are the authors' values.

    Examples
    --------
    >>> from sleepaug.augment import eeg_transforms
    >>> transforms = eeg_transforms(100.0, ["C3", "C4"])
    >>> layer = AugmentationLayer([transforms["sign_flip"], transforms["channels_dropout"]])
    >>> layer(torch.randn(8, 2, 3000)).shape, layer.weights.tolist()
    (torch.Size([8, 2, 3000]), [0.5, 0.5])
    """

    def __init__(
        self,
        transforms: Sequence[Transform],
        *,
        magnitude: float = 0.1,
        temperature: float = 0.01,
        freeze_probabilities: bool = False,
    ) -> None:
        super().__init__()
        names = [transform.name for transform in transforms]
        if not names or len(set(names)) < len(names):
            raise ConfigError(
                f"transforms: at least one, and each name once, got {', '.join(names) or 'none'}."
            )
        fixed = [t.name for t in transforms if not t.differentiable]
        if fixed:
            raise ConfigError(
                f"transforms: no gradient reaches the amount of {', '.join(fixed)}; a layer cannot "
                "learn it. Use it in a policy."
            )
        self.transforms = tuple(transforms)
        self.temperature = temperature
        self.fused = fused_sum(transforms)
        self.is_matrix = self.fused is not None and all(t.matrix for t in transforms)
        n_transforms = len(names)
        self.logits = nn.Parameter(torch.ones(n_transforms))
        self.raw_magnitudes = nn.Parameter(torch.full((n_transforms,), float(magnitude)))
        frozen = [freeze_probabilities and t.unit == "probability" for t in transforms]
        self.register_buffer("frozen", torch.tensor(frozen))
        self.register_buffer("initial_magnitude", torch.tensor(float(magnitude)))
        self.frozen: Tensor
        self.initial_magnitude: Tensor

    @property
    def weights(self) -> Tensor:
        """Weights (n_transforms,), which sum to 1."""
        return torch.softmax(self.logits / self.temperature, dim=0)

    @property
    def magnitudes(self) -> Tensor:
        """Magnitudes (n_transforms,), in [0, 1] after `project_`."""
        return torch.where(self.frozen, self.initial_magnitude, self.raw_magnitudes)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (n_examples, ...): the average in training, one transform each after."""
        return self.average(x) if self.training else self.sample(x)

    def average(self, x: Tensor) -> Tensor:
        """Return the weighted average of all the transforms of ``x`` (eq. 2)."""
        weights, magnitudes = self.weights, self.magnitudes
        active = self.active(weights, x)
        if self.fused is not None:
            chosen = [self.transforms[q] for q in active]
            if len(active) < len(weights):
                weights, magnitudes = weights[active], magnitudes[active]
            return self.fused(x, chosen, weights, magnitudes)
        out: Tensor | None = None
        for q in active:
            y = self.transforms[q](x, magnitudes[q])
            out = weights[q] * y if out is None else torch.addcmul(out, y, weights[q])
        assert out is not None
        return out

    def active(self, weights: Tensor, x: Tensor) -> list[int]:
        """Return the transforms to compute: without those whose weight is (or underflowed to) 0.

        Their share in the result and in every gradient is exactly 0. On an accelerator all are
        computed, since asking for the weights would make it wait.
        """
        if x.device.type != "cpu":
            return list(range(len(self.transforms)))
        return [q for q, weight in enumerate(weights.tolist()) if weight != 0]

    @torch.no_grad()
    def sample(self, x: Tensor) -> Tensor:
        """Return each example transformed by one transform, drawn with the weights."""
        choice = torch.multinomial(self.weights, len(x), replacement=True)
        if self.is_matrix and x.device.type == "cpu":  # matrices are the cheaper choice
            drawn = self.active(choice.bincount(minlength=len(self.transforms)), x)
            chosen = torch.stack([choice == q for q in drawn])
            transforms = [self.transforms[q] for q in drawn]
            return sensors_sum(x, transforms, chosen, self.magnitudes[drawn])
        return apply_chosen(x, self.transforms, choice, self.magnitudes[choice])

    def project_(self) -> None:
        """Bring magnitudes back into [0, 1]."""
        with torch.no_grad():
            self.raw_magnitudes.clamp_(0, 1)


class AugmentationModule(Augmentation):
    """AugNet's augmentation: layers in sequence, and the regularizer that makes them learn.

    Parameters
    ----------
    layers : sequence of AugmentationLayer or MeasuredLayer
        Applied in this order.
    regularizer : {"selective", "magnitudes", "none"}
        ``selective``: minus the norm of weights times magnitudes (eq. 3); ``magnitudes``: minus
        the norm of the magnitudes; ``none``.

    Notes
    -----
    One norm over all layers together, not squared, as in the authors' code. Magnitudes are not
    clamped in the forward pass, where a clamp would cut the gradient for good; call `project_`
    after each optimizer step.

    Examples
    --------
    >>> from sleepaug.augment import AugmentationModule, eeg_transforms
    >>> transforms = eeg_transforms(100.0, ["C3", "C4"])
    >>> augment = AugmentationModule.of(transforms, [["sign_flip"], ["frequency_shift"]])
    >>> augment(torch.randn(8, 2, 3000)).shape
    torch.Size([8, 2, 3000])
    """

    at_inference = True

    def __init__(
        self,
        layers: Sequence[AugmentationLayer | MeasuredLayer],
        *,
        regularizer: str = "selective",
    ) -> None:
        super().__init__()
        if regularizer not in REGULARIZERS:
            raise ConfigError(
                f"regularizer: {', '.join(REGULARIZERS)} are allowed, got {regularizer!r}."
            )
        self.layers: Sequence[AugmentationLayer]
        self.layers = nn.ModuleList(layers)  # type: ignore[assignment]
        self.kind = regularizer

    @classmethod
    def of(
        cls,
        transforms: Mapping[str, Transform],
        layers: Sequence[Sequence[str]],
        *,
        magnitude: float = 0.1,
        temperature: float = 0.01,
        freeze_probabilities: bool = False,
        regularizer: str = "selective",
    ) -> AugmentationModule:
        """Build the layers from the names of their transforms.

        Parameters
        ----------
        transforms : dict of Transform
            What the names stand for.
        layers : sequence of sequences of str
            The candidates of each layer.
        magnitude, temperature, freeze_probabilities
            See `AugmentationLayer`.
        regularizer : {"selective", "magnitudes", "none"}

        Raises
        ------
        ConfigError
            A name is that of no transform.
        """
        transforms = Transforms(transforms)
        built = [
            AugmentationLayer(
                [transforms[name] for name in names],
                magnitude=magnitude,
                temperature=temperature,
                freeze_probabilities=freeze_probabilities,
            )
            for names in layers
        ]
        return cls(built, regularizer=regularizer)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (n_examples, ...) by one layer after the other."""
        for layer in self.layers:
            x = layer(x)
        return x

    def regularizer(self) -> Tensor:
        """Return minus the norm which eq. 3 asks to be large: (), between -sqrt(n_layers) and 0."""
        if self.kind == "none":
            return torch.zeros(())
        parts = [
            layer.magnitudes * layer.weights if self.kind == "selective" else layer.magnitudes
            for layer in self.layers
        ]
        return -torch.linalg.vector_norm(torch.cat(parts))

    def describe(self) -> dict[str, float]:
        """Return ``{"1.sign_flip.weight": 0.97, "1.sign_flip.amount": 0.4, ...}``.

        Layers are counted from 1 in the order in which they are applied.
        """
        described = {}
        for number, layer in enumerate(self.layers, start=1):
            weights, magnitudes = layer.weights.tolist(), layer.magnitudes.tolist()
            for transform, weight, magnitude in zip(
                layer.transforms, weights, magnitudes, strict=True
            ):
                described[f"{number}.{transform.name}.weight"] = weight
                described[f"{number}.{transform.name}.amount"] = magnitude * transform.amount_at_1
        return described

    def measure_(self, trunk: nn.Module, x: Tensor, y: Tensor, weight: Tensor) -> None:
        """Let the layers that measure do so; see `MeasuredLayer.measure_`."""
        for layer in self.layers:
            if isinstance(layer, MeasuredLayer):
                layer.measure_(trunk, x, y, weight)

    def project_(self) -> None:
        """Bring all magnitudes back into [0, 1]."""
        for layer in self.layers:
            layer.project_()
