"""Bilevel search: a step of the policy along the hypergradient, then a step of the trunk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call

from sleepaug.augment import Policy
from sleepaug.training.class_weights import balanced_weights
from sleepaug.training.fit import Training
from sleepaug.training.methods.gradient import Batch
from sleepaug.training.methods.hypergradient import Losses, Weights, flat, unroll
from sleepaug.training.methods.relax import Relax
from sleepaug.training.tasks.task import Task


class ChoosingPolicy(nn.Module, ABC):
    """A module that chooses among candidates; what a bilevel search asks of it, without code.

    Attributes
    ----------
    temperature : float
        ``softmax(logits / temperature)`` are the probabilities of the candidates.
    """

    temperature: float

    @property
    @abstractmethod
    def choices(self) -> nn.Parameter:
        """The logits of each choice (..., n_candidates)."""

    @abstractmethod
    def entropy(self) -> Tensor:
        """Return how open the choices are: 1 all candidates alike, 0 decided."""

    @abstractmethod
    def augment(self, x: Tensor, choice: Tensor | None) -> Tensor:
        """Transform a batch.

        Parameters
        ----------
        x : Tensor of shape (n_windows, ...)
        choice : Tensor of shape (n_choices,), optional
            The candidate of each choice; without it the candidates are averaged.
        """

    @abstractmethod
    def freeze(self) -> Policy:
        """Return the likeliest policy."""

    @abstractmethod
    def project_(self) -> None:
        """Move probabilities and magnitudes back into [0, 1]."""


@dataclass(frozen=True)
class PolicySteps:
    """How a bilevel search learns its policy.

    Attributes
    ----------
    how : {"exact", "finite"}
        See `unroll`.
    relax : bool
        Make the choices, and learn them by RELAX with f the change of the validation loss
        ``F - L_valid(w)``. Otherwise the policy's own average is differentiated.
    largest : float, optional
        The hypergradient of each probability and magnitude is clipped to this absolute value.
    """

    how: Literal["exact", "finite"]
    relax: bool = True
    largest: float | None = None


class Bilevel:
    """Alternate a step of the policy along the hypergradient and a step of the trunk.

    Parameters
    ----------
    policy : ChoosingPolicy
    task : Task
    training : Training
        Its Adam trains the trunk; its learning rate is that of the unrolled step.
    optimizers : dict of Optimizer
        Of the policy's parameters.
    steps : PolicySteps
    """

    def __init__(
        self,
        policy: ChoosingPolicy,
        task: Task,
        training: Training,
        optimizers: Mapping[str, torch.optim.Optimizer],
        steps: PolicySteps,
    ) -> None:
        self.choosing, self.steps, self.lr = policy, steps, training.learning_rate
        self.trunk = task.make_trunk()
        self.module = nn.ModuleDict({"policy": policy, "trunk": self.trunk})
        adam = torch.optim.Adam(
            self.trunk.parameters(),
            lr=training.learning_rate,
            betas=training.betas,
            weight_decay=training.weight_decay,
            fused=True,
        )
        self.of_policy = list(optimizers.values())
        optimizers = {**optimizers, "trunk": adam}
        n_candidates = policy.choices.shape[-1]
        n_choices = policy.choices.numel() // n_candidates
        self.relax = Relax(n_choices, n_candidates) if steps.relax else None
        if self.relax is not None:
            self.module["relax"] = self.relax
            optimizers["relax"] = self.relax.optimizer
        self.optimizers: Mapping[str, torch.optim.Optimizer] = optimizers
        self.module.to(task.train.x.device)
        self.class_weights = balanced_weights(task.train.y, len(task.classes))

    def update(self, train: Batch, valid: Batch) -> dict[str, Tensor]:
        """Take a step of the policy and one of the trunk, which share the augmented batch."""
        weights: Weights = dict(self.trunk.named_parameters())
        choices, parameters = self.choosing.choices, list(self.choosing.parameters())
        logits = choices.flatten(0, -2) if choices.ndim > 1 else choices[None]
        logits = logits / self.choosing.temperature
        choice, z = (None, None) if self.relax is None else self.relax.draw(logits)
        x = self.choosing.augment(train[0], choice)

        def inner(weights: Weights, x: Tensor) -> Tensor:
            return self.loss(weights, (x, train[1]), training=True)

        def outer(weights: Weights) -> Tensor:
            return self.loss(weights, valid, training=False)

        step = unroll(x, Losses(inner, outer), weights, parameters, self.lr, self.steps.how)
        for parameter, gradient in zip(parameters, step.policy_gradient, strict=True):
            if (largest := self.steps.largest) is not None and parameter is not choices:
                gradient = gradient.clamp(-largest, largest)
            parameter.grad = gradient
        if self.relax is not None and choice is not None and z is not None:
            with torch.no_grad():
                gain = step.valid_loss - outer(weights)
            slopes = self.relax.gradient(logits, choice, z, gain)
            choices.grad = (slopes / self.choosing.temperature).view_as(choices)
        norm = torch.linalg.vector_norm(flat(p.grad for p in parameters if p.grad is not None))
        for optimizer in self.of_policy:
            optimizer.step()
        self.choosing.project_()
        for name, weight in weights.items():
            weight.grad = step.trunk_gradient[name]
        self.optimizers["trunk"].step()
        return {
            "train_loss": step.train_loss,
            "valid_loss": step.valid_loss,
            "policy_gradient": norm,
        }

    def loss(self, weights: Weights, batch: Batch, *, training: bool) -> Tensor:
        """Return the weighted cross-entropy on a batch with these weights of the trunk."""
        x, y = batch
        self.trunk.train(training)
        logits = functional_call(self.trunk, weights, (x,))
        return nn.functional.cross_entropy(logits, y, weight=self.class_weights)

    def policy(self) -> Policy:
        return self.choosing.freeze()

    def entropy(self) -> Tensor:
        return self.choosing.entropy()
