"""RELAX: an unbiased, low-variance gradient of an expectation over discrete choices."""

from __future__ import annotations

import torch
from torch import Tensor, nn

TEMPERATURE = 0.5


class Relax(nn.Module):
    """Gradient of ``E[f(b)]`` by the logits of independent choices b, from one value of f.

    Parameters
    ----------
    n_choices, n_candidates : int
        Each of `n_choices` picks one of `n_candidates`.
    lr : float
        Of the control variate, which is trained to lower the variance.

    Notes
    -----
    With z the relaxed draw of which b is the argmax, z' a draw of z given b, and Q a network,

        g = (f(b) - Q(z')) * dlog p(b) + dQ(z) - dQ(z')

    is unbiased for every Q. Q sees ``softmax(z / 0.5)``, has 100 tanh units, starts at 0, and
    predicts f in units of its running size, so that small and large losses are learned alike.
    Source: Grathwohl et al. 2018; network and temperature of DADA (Li et al. 2020).
    """

    def __init__(self, n_choices: int, n_candidates: int, *, lr: float = 1e-3) -> None:
        super().__init__()
        last = nn.Linear(100, 1)
        self.network = nn.Sequential(
            nn.Flatten(0), nn.Linear(n_choices * n_candidates, 100), nn.Tanh(), last
        )
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=lr, fused=True)
        self.register_buffer("scale", torch.zeros(()))
        self.scale: Tensor

    def draw(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Choose: the choices (n_choices,) and the numbers z (n_choices, n_candidates)."""
        z = torch.log_softmax(logits.detach(), -1) - exponential(logits).log()
        return z.argmax(-1), z

    def gradient(self, logits: Tensor, choice: Tensor, z: Tensor, value: Tensor) -> Tensor:
        """Return the gradient by the logits, and train the control variate.

        Parameters
        ----------
        logits : Tensor of shape (n_choices, n_candidates)
            Any that `softmax` turns into the probabilities.
        choice, z : Tensor
            What `draw` returned.
        value : Tensor
            f(b), a number.
        """
        with torch.enable_grad():
            logits = logits.detach().requires_grad_()
            log_p = torch.log_softmax(logits, -1)
            self.scale.copy_(torch.where(self.scale == 0, value.detach().abs(), self.scale))
            size = self.scale.clamp(min=1e-12)
            noise = log_p.detach() - z  # log of the exponential numbers behind z
            q = self.predict(log_p - noise)
            q_given = self.predict(conditional(log_p, choice))
            score = torch.autograd.grad(
                log_p.gather(-1, choice[:, None]).sum(), logits, retain_graph=True
            )[0]
            [slope] = torch.autograd.grad(q - q_given, logits, create_graph=True)
            estimate = (value / size - q_given) * score + slope
            variance = estimate.square().mean()
            self.optimizer.zero_grad()
            variance.backward(inputs=list(self.network.parameters()))
            self.optimizer.step()
        result = estimate.detach() * size
        self.scale.lerp_(value.abs(), 0.05)  # after its use: it must not depend on this draw
        return result

    def predict(self, z: Tensor) -> Tensor:
        return self.network(torch.softmax(z / TEMPERATURE, -1))[0]


def exponential(like: Tensor) -> Tensor:
    """Draw numbers exponentially distributed with mean 1, away from 0."""
    return torch.empty_like(like).exponential_().clamp(min=1e-12)


def conditional(log_p: Tensor, choice: Tensor) -> Tensor:
    """Draw z given that its argmax is `choice`.

    Notes
    -----
    The largest of Gumbel variables with locations ``log p`` that sum to 1 is a standard Gumbel
    variable ``-log E`` whichever it is; every other one is cut off there:
    ``-log(E' / p + E)``. Source: Tucker et al. 2017, appendix of REBAR; Maddison et al. 2014.
    """
    top = exponential(log_p[:, :1]).log()
    others = -torch.logaddexp(exponential(log_p).log() - log_p, top)
    return others.scatter(-1, choice[:, None], -top)
