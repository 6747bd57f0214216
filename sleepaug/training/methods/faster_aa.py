"""Faster AutoAugment: a policy whose augmented windows a critic cannot tell from real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sleepaug.augment import Policy, RelaxedPolicy
from sleepaug.support.errors import ConfigError
from sleepaug.support.seeds import derived_seed
from sleepaug.support.settings import Count, NotNegative, Positive
from sleepaug.training.class_weights import balanced_weights
from sleepaug.training.fit import Training
from sleepaug.training.methods.gradient import Batch, GradientSearch
from sleepaug.training.methods.search import Method
from sleepaug.training.methods.tpe import N_STEPS, N_SUBPOLICIES
from sleepaug.training.tasks.task import Task

BETAS = (0.0, 0.999)  # of both optimizers, in the reference code and in the paper's training


@dataclass(frozen=True)
class FasterAutoAugment(Method):
    """Make augmented windows that a critic takes for real ones (WGAN with gradient penalty).

    Attributes
    ----------
    epochs : int
        Passes over the training windows.
    learning_rate : float
        Of the policy and of the critic.
    temperature : float
        Of the weights of the transforms in a step.
    class_loss : float
        Weight of the classifier's loss, which keeps augmented windows in their class.
    penalty : float
        Weight of the gradient penalty.

    Examples
    --------
    >>> from sleepaug.training.fit import Training
    >>> from sleepaug.training.tasks import Sinusoids
    >>> search = FasterAutoAugment(epochs=1).search(Sinusoids().load().task, Training(), seed=0)
    >>> row = search.step()
    >>> search.done, len(search.augmentation().subpolicies)
    (True, 5)
    """

    name: ClassVar[str] = "faster-aa"
    epochs: Count = 20
    learning_rate: Positive = 1e-3
    temperature: Positive = 0.05
    class_loss: NotNegative = 0.1
    penalty: NotNegative = 10.0

    def search(self, task: Task, training: Training, *, seed: int, fold: int = 0) -> GradientSearch:
        torch.manual_seed(derived_seed(seed, "policy", fold=fold))
        return GradientSearch(
            CriticMatching(self, task),
            task,
            training,
            epochs=self.epochs,
            seed=derived_seed(seed, "search", fold=fold),
        )


class Critic(nn.Module):
    """A trunk with two heads: its own classes, and one number, high for real windows."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        linear = [module for module in trunk.modules() if isinstance(module, nn.Linear)]
        if not linear:
            raise ConfigError(
                "task.trunk: faster-aa needs a trunk whose last layer is linear; it has none."
            )
        for module in trunk.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0  # the penalty is on the gradient of one function
        n_features = linear[-1].in_features
        self.trunk = trunk
        self.judge = nn.Sequential(
            nn.Linear(n_features, n_features), nn.ReLU(), nn.Linear(n_features, 1)
        )
        linear[-1].register_forward_pre_hook(self._keep)

    def _keep(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self.features = inputs[0].float()  # the trunk may compute in bfloat16

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (n_windows, n_classes) and the judgement (n_windows,)."""
        logits = self.trunk(x)
        return logits, self.judge(self.features).squeeze(1)


class CriticMatching:
    """One step of the critic, one of the policy; half of a batch is real, half is augmented."""

    def __init__(self, method: FasterAutoAugment, task: Task) -> None:
        device = task.train.x.device
        self.method = method
        self.relaxed = RelaxedPolicy(
            task.transforms,
            n_subpolicies=N_SUBPOLICIES,
            n_steps=N_STEPS,
            temperature=method.temperature,
        )
        self.critic = Critic(task.make_trunk())
        self.module = nn.ModuleDict({"policy": self.relaxed, "critic": self.critic}).to(device)
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            name: torch.optim.Adam(
                part.parameters(), lr=method.learning_rate, betas=BETAS, fused=True
            )
            for name, part in self.module.items()
        }
        self.class_weights = balanced_weights(task.train.y, len(task.classes))

    def update(self, train: Batch, valid: Batch) -> dict[str, Tensor]:
        """Take a step of the critic, then one of the policy; `valid` is not needed."""
        x, y = train
        half = (len(y) + 1) // 2
        real, augmented = x[:half], x[-half:]  # a batch of odd size shares its middle window
        critic_loss = self.step_of_critic(real, y[:half], augmented)
        policy_loss = self.step_of_policy(augmented, y[-half:])
        return {"critic_loss": critic_loss, "policy_loss": policy_loss}

    def step_of_critic(self, real: Tensor, y: Tensor, augmented: Tensor) -> Tensor:
        """Teach the critic to tell real windows, of classes `y`, from those to be augmented."""
        with torch.no_grad():
            fake = self.relaxed(augmented)
        logits, judged_real = self.critic(real)
        _, judged_fake = self.critic(fake)
        loss = (
            self.class_loss(logits, y)
            - judged_real.mean()
            + judged_fake.mean()
            + self.method.penalty * gradient_penalty(self.critic, real, fake)
        )
        self.descend("critic", loss)
        return loss

    def step_of_policy(self, augmented: Tensor, y: Tensor) -> Tensor:
        """Move the policy to where the critic takes augmented windows, of classes `y`, for real."""
        logits, judged = self.critic(self.relaxed(augmented))
        loss = self.class_loss(logits, y) - judged.mean()
        self.descend("policy", loss)
        self.relaxed.project_()
        return loss

    def class_loss(self, logits: Tensor, y: Tensor) -> Tensor:
        return self.method.class_loss * F.cross_entropy(logits, y, weight=self.class_weights)

    def descend(self, name: str, loss: Tensor) -> None:
        self.optimizers[name].zero_grad()
        loss.backward(inputs=list(self.module[name].parameters()))
        self.optimizers[name].step()

    def policy(self) -> Policy:
        return self.relaxed.freeze()

    def entropy(self) -> Tensor:
        return self.relaxed.entropy()


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """Return the mean over windows of ``(||dD/dx|| - 1)^2`` between real and augmented windows.

    Notes
    -----
    Source: Gulrajani et al. 2017. The norm is over all of a window; the reference code of Faster
    AutoAugment takes one norm for each time point instead.
    """
    between = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device)
    x = torch.lerp(real, fake, between).requires_grad_()
    _, judged = critic(x)
    [slope] = torch.autograd.grad(judged.sum(), x, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()
