"""The gradient of the validation loss after a training step, with respect to the policy.

DADA and ADDA choose the policy a whose training step leads to the lowest validation loss:

    F(a) = L_valid(w - lr * dL_train(w, a)/dw)

Its gradient is computed exactly, by differentiating the step, or as in DARTS, DADA and ADDA by
finite differences of the training loss. Both passes of the latter see the same draws.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    x: Tensor,
    inner: Callable[[Weights, Tensor], Tensor],
    outer: Callable[[Weights], Tensor],
    weights: Mapping[str, Tensor],
    policy: Sequence[Tensor],
    lr: float,
    how: Literal["exact", "finite"] = "finite",
) -> Unrolled:
    """Differentiate the validation loss after a training step by the policy's parameters.

    Parameters
    ----------
    x : Tensor
        The augmented training windows, which depend on `policy`.
    inner : callable
        Training loss as a function of the weights and `x`; it may draw from torch's generator.
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
        ``-lr * (dL_train(w + e v)/da - dL_train(w - e v)/da) / (2 e)`` with e = 0.01 / ||v||. The
        differences are taken of dL_train/dx, so that windows are augmented once.

    Notes
    -----
    Source: DARTS (Liu et al. 2019), eq. 7 and 8; DADA (Li et al. 2020); ADDA (Rommel et al. 2021).
    """
    start = random_state() if how == "finite" else {}
    w = flat(weights.values()).detach().requires_grad_()
    train_loss = inner(shaped(w, weights), x if how == "exact" else x.detach())
    [slope] = torch.autograd.grad(train_loss, w, create_graph=how == "exact")
    if how == "exact":
        valid_loss = outer(shaped(torch.sub(w.detach(), slope, alpha=lr), weights))
        policy_gradient = torch.autograd.grad(valid_loss, policy, materialize_grads=True)
    else:
        ahead = torch.sub(w.detach(), slope, alpha=lr).requires_grad_()
        valid_loss = outer(shaped(ahead, weights))
        [v] = torch.autograd.grad(valid_loss, ahead)
        e = 0.01 / torch.linalg.vector_norm(v).clamp(min=1e-12)
        after = random_state()
        sides = []
        for sign in (1, -1):
            set_random_state(start)
            moved = shaped(torch.addcmul(w.detach(), e, v, value=sign), weights)
            here = x.detach().requires_grad_()
            sides.append(torch.autograd.grad(inner(moved, here), here)[0])
        set_random_state(after)
        difference = (sides[0] - sides[1]) * (-lr / (2 * e))
        policy_gradient = torch.autograd.grad(x, policy, difference, materialize_grads=True)
    return Unrolled(
        policy_gradient=[g.detach() for g in policy_gradient],
        trunk_gradient=shaped(slope.detach(), weights),
        train_loss=train_loss.detach(),
        valid_loss=valid_loss.detach(),
    )


def flat(tensors: Iterable[Tensor]) -> Tensor:
    """Return the numbers of tensors, one after the other (n_numbers,)."""
    return torch.cat([tensor.flatten() for tensor in tensors])


def shaped(numbers: Tensor, like: Mapping[str, Tensor]) -> Weights:
    """Return numbers (n_numbers,) in the shapes of named tensors."""
    parts = numbers.split([tensor.numel() for tensor in like.values()])
    pairs = zip(like.items(), parts, strict=True)
    return {name: part.view_as(tensor) for (name, tensor), part in pairs}


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
        self.of_policy = list(optimizers.values())
        optimizers = {**optimizers, "trunk": adam}
        n_candidates = policy.choices.shape[-1]
        n_choices = policy.choices.numel() // n_candidates
        self.relax = Relax(n_choices, n_candidates) if relax else None
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

        step = unroll(x, inner, outer, weights, parameters, self.lr, self.how)
        for parameter, gradient in zip(parameters, step.policy_gradient, strict=True):
            if self.largest is not None and parameter is not choices:
                gradient = gradient.clamp(-self.largest, self.largest)
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
