"""The gradient of the validation loss after a training step, with respect to the policy.

DADA and ADDA choose the policy a whose training step leads to the lowest validation loss:

    F(a) = L_valid(w - lr * dL_train(w, a)/dw)

Its gradient is computed exactly, by differentiating the step, or as in DARTS, DADA and ADDA by
finite differences of the training loss. Both passes of the latter see the same draws.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call

from sleepaug.augment import Policy
from sleepaug.training.fit import Training, balanced_weights
from sleepaug.training.methods.gradient import Batch
from sleepaug.training.methods.relax import Relax
from sleepaug.training.random_state import random_state, set_random_state
from sleepaug.training.tasks.task import Task

Weights = dict[str, Tensor]
Loss = Callable[[Weights], Tensor]


@dataclass(frozen=True)
class Unrolled:
    """The gradients and losses of one unrolled step.

    Attributes
    ----------
    policy_gradient : list of Tensor
        dF/da, one for each policy parameter.
    trunk_gradient : dict of Tensor
        dL_train/dw, which the training step uses too.
    train_loss, valid_loss : Tensor
        L_train at w, and F.
    """

    policy_gradient: list[Tensor]
    trunk_gradient: Weights
    train_loss: Tensor
    valid_loss: Tensor


def unroll(
    inner: Loss,
    outer: Loss,
    weights: Mapping[str, Tensor],
    policy: Sequence[Tensor],
    lr: float,
    how: Literal["exact", "finite"] = "finite",
) -> Unrolled:
    """Differentiate the validation loss after a training step by the policy's parameters.

    Parameters
    ----------
    inner : callable
        Training loss as a function of the weights; it depends on `policy` and draws from torch's
        generator.
    outer : callable
        Validation loss as a function of the weights.
    weights : dict of Tensor
        The trunk's parameters, w.
    policy : sequence of Tensor
        The policy's parameters, a.
    lr : float
        Of the unrolled step.
    how : {"exact", "finite"}
        Exact second derivatives, or central differences along v = dL_valid/dw':
        ``-lr * (dL_train(w + e v)/da - dL_train(w - e v)/da) / (2 e)`` with e = 0.01 / ||v||.

    Notes
    -----
    Source: DARTS (Liu et al. 2019), eq. 7 and 8; DADA (Li et al. 2020); ADDA (Rommel et al. 2021).
    """
    names = list(weights)
    start = random_state()
    train_loss = inner(dict(weights))
    gradient = torch.autograd.grad(
        train_loss, list(weights.values()), create_graph=how == "exact", materialize_grads=True
    )
    ahead = {k: weights[k] - lr * g for k, g in zip(names, gradient, strict=True)}
    if how == "exact":
        valid_loss = outer(ahead)
        policy_gradient = torch.autograd.grad(valid_loss, policy, materialize_grads=True)
    else:
        ahead = {k: value.detach().requires_grad_() for k, value in ahead.items()}
        valid_loss = outer(ahead)
        v = torch.autograd.grad(valid_loss, list(ahead.values()), materialize_grads=True)
        norm = torch.linalg.vector_norm(torch.cat([g.flatten() for g in v]))
        e = 0.01 / norm.clamp(min=1e-12)
        after = random_state()
        sides = []
        for sign in (1, -1):
            set_random_state(start)
            moved = {k: (weights[k] + sign * e * g).detach() for k, g in zip(names, v, strict=True)}
            sides.append(torch.autograd.grad(inner(moved), policy, materialize_grads=True))
        set_random_state(after)
        policy_gradient = tuple(
            -lr * (up - down) / (2 * e) for up, down in zip(*sides, strict=True)
        )
    return Unrolled(
        policy_gradient=[g.detach() for g in policy_gradient],
        trunk_gradient={k: g.detach() for k, g in zip(names, gradient, strict=True)},
        train_loss=train_loss.detach(),
        valid_loss=valid_loss.detach(),
    )


def flat(parameters: Sequence[Tensor]) -> Tensor:
    """Return the gradients of parameters, one after the other (n_numbers,)."""
    return torch.cat([p.grad.flatten() for p in parameters if p.grad is not None])


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
    def choices(self) -> list[nn.Parameter]:
        """The logits of each choice, of shape (n_candidates,)."""

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


class Bilevel:
    """Alternate a step of the policy along dF/da and a step of the trunk.

    Parameters
    ----------
    policy : ChoosingPolicy
    task : Task
    training : Training
        Its Adam trains the trunk; its learning rate is that of the unrolled step.
    optimizers : dict of Optimizer
        Of the policy's parameters.
    relax : bool
        Make the choices, and learn them by RELAX with f the change of the validation loss
        ``F - L_valid(w)``. Otherwise the policy's own average is differentiated.
    how : {"exact", "finite"}
        See `unroll`.
    largest : float, optional
        The hypergradient of each probability and magnitude is clipped to this absolute value.
    """

    def __init__(
        self,
        policy: ChoosingPolicy,
        task: Task,
        training: Training,
        optimizers: Mapping[str, torch.optim.Optimizer],
        *,
        relax: bool,
        how: Literal["exact", "finite"],
        largest: float | None = None,
    ) -> None:
        self.largest = largest
        self.choosing, self.how, self.lr = policy, how, training.learning_rate
        self.trunk = task.make_trunk()
        self.module = nn.ModuleDict({"policy": policy, "trunk": self.trunk})
        adam = torch.optim.Adam(
            self.trunk.parameters(),
            lr=training.learning_rate,
            betas=training.betas,
            weight_decay=training.weight_decay,
            fused=True,
        )
        self.is_choice = {id(logits) for logits in policy.choices}
        self.of_policy = list(optimizers.values())
        optimizers = {**optimizers, "trunk": adam}
        self.relax = Relax(len(policy.choices), len(policy.choices[0])) if relax else None
        if self.relax is not None:
            self.module["relax"] = self.relax
            optimizers["relax"] = self.relax.optimizer
        self.optimizers: Mapping[str, torch.optim.Optimizer] = optimizers
        self.module.to(task.train.x.device)
        self.class_weights = balanced_weights(task.train.y, len(task.classes))

    def update(self, train: Batch, valid: Batch) -> dict[str, Tensor]:
        """Take a step of the policy and one of the trunk, which share the augmented batch."""
        choice: Tensor | None = None
        inner = self.loss(lambda: self.choosing.augment(train[0], choice), train[1], training=True)
        outer = self.loss(lambda: valid[0], valid[1], training=False)
        weights: Weights = dict(self.trunk.named_parameters())
        logits = torch.stack(list(self.choosing.choices)) / self.choosing.temperature
        if self.relax is not None:
            choice, z = self.relax.draw(logits)
        parameters = list(self.choosing.parameters())
        step = unroll(inner, outer, weights, parameters, self.lr, self.how)
        for parameter, gradient in zip(parameters, step.policy_gradient, strict=True):
            parameter.grad = gradient
        if self.largest is not None:
            amounts = [p for p in parameters if id(p) not in self.is_choice]
            clipped = flat(amounts).clamp(-self.largest, self.largest)
            parts = clipped.split([p.numel() for p in amounts])
            for parameter, part in zip(amounts, parts, strict=True):
                parameter.grad = part.view_as(parameter)
        if self.relax is not None and choice is not None:
            with torch.no_grad():
                gain = step.valid_loss - outer(weights)
            slopes = self.relax.gradient(logits, choice, z, gain)
            for logit, slope in zip(self.choosing.choices, slopes, strict=True):
                logit.grad = slope / self.choosing.temperature
        norm = torch.linalg.vector_norm(flat(parameters))
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

    def loss(self, inputs: Callable[[], Tensor], y: Tensor, *, training: bool) -> Loss:
        """Return the weighted cross-entropy on a batch as a function of the trunk's parameters."""

        def at(weights: Weights) -> Tensor:
            self.trunk.train(training)
            logits = functional_call(self.trunk, weights, (inputs(),))
            return nn.functional.cross_entropy(logits, y, weight=self.class_weights)

        return at

    def policy(self) -> Policy:
        return self.choosing.freeze()

    def entropy(self) -> Tensor:
        return self.choosing.entropy()
