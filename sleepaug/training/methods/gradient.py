"""Searches by gradient descent: what Faster AutoAugment, DADA and ADDA have in common.

A learner takes one step on a batch and says which policy it has learned so far; `GradientSearch`
makes epochs of it. Each of the three learners has its own file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from sleepaug.augment import Policy
from sleepaug.training.cuda_graph import recorded
from sleepaug.training.fit import Fit, Training
from sleepaug.training.tasks.task import Task

CHECKED = 50
"""Batches after which a search looks whether it has diverged: each look makes a GPU wait."""

Batch = tuple[Tensor, Tensor]


class Learner(Protocol):
    """What is learned, and how one batch changes it; `module` holds "policy", and "trunk"."""

    module: nn.ModuleDict
    optimizers: Mapping[str, torch.optim.Optimizer]

    def update(self, train: Batch, valid: Batch) -> dict[str, Tensor]:
        """Take one step; return what to log, averaged over the epoch."""
        ...

    def policy(self) -> Policy: ...

    def entropy(self) -> Tensor:
        """Return how open the choices of the policy are: 1 all alike, 0 decided."""
        ...


class GradientSearch:
    """A search whose step is one pass over the training windows.

    Parameters
    ----------
    learner : Learner
    task : Task
    training : Training
        Its batch size, and whether a step is recorded on a GPU.
    epochs : int
    seed : int
        Of everything drawn while searching.
    pretraining : Fit, optional
        Its trained trunk is where the learner's `module["trunk"]` starts.

    Attributes
    ----------
    n_steps : int
        Epochs done.
    """

    pause = 2
    regularization = 0.0

    def __init__(
        self,
        learner: Learner,
        task: Task,
        training: Training,
        *,
        epochs: int,
        seed: int,
        pretraining: Fit | None = None,
    ) -> None:
        self.learner, self.task, self.training = learner, task, training
        self.epochs, self.seed, self.pretraining = epochs, seed, pretraining
        self.n_steps = 0

    @property
    def most_steps(self) -> int:
        return self.epochs

    @property
    def done(self) -> bool:
        return self.n_steps >= self.epochs

    def step(self) -> dict[str, Any]:
        """Search for one epoch.

        Raises
        ------
        FloatingPointError
            If a loss or the policy is no longer a number.
        """
        if self.n_steps == 0:
            torch.manual_seed(self.seed)
            if self.pretraining is not None:
                trunk = self.pretraining.model.trunk
                self.learner.module["trunk"].load_state_dict(trunk.state_dict())
        self.learner.module.train()
        totals: dict[str, Tensor] = {}
        device, optimizers = self.task.train.y.device, self.learner.optimizers.values()
        n_batches, finite = 0, torch.ones((), dtype=torch.bool, device=device)
        update = recorded(self._update, optimizers, device, wanted=self.training.cuda_graphs)
        for train, valid in paired_batches(self.task, self.training.batch_size):
            values = update(*train, *valid)
            policy = self.learner.module["policy"].parameters()
            each = [*values.values(), torch.cat([p.detach().flatten() for p in policy]).sum()]
            finite = finite & torch.stack(each).isfinite().all()
            if n_batches % CHECKED == 0:
                self._check(finite)
            for name, value in values.items():
                totals[name] = totals.get(name, 0.0) + value
            n_batches += 1
        self._check(finite)
        self.n_steps += 1
        means = {name: float(total) / n_batches for name, total in totals.items()}
        return {
            "epoch": self.n_steps,
            **means,
            "choice_entropy": float(self.learner.entropy()),
            "augmentation": self.learner.policy().describe(),
        }

    def _update(self, *batch: Tensor) -> dict[str, Tensor]:
        """Let the learner take a step; return what it logs."""
        x, y, valid_x, valid_y = batch
        values = self.learner.update((x, y), (valid_x, valid_y))
        return {name: value.detach() for name, value in values.items()}

    def _check(self, finite: Tensor) -> None:
        if not finite:
            raise FloatingPointError(
                f"the search diverged in epoch {self.n_steps + 1}: a loss or the policy is not a "
                "number"
            )

    def augmentation(self) -> Policy:
        """Return the policy so far, with each choice made."""
        return self.learner.policy()

    def state_dict(self) -> dict[str, Any]:
        return {
            "n_steps": self.n_steps,
            "module": self.learner.module.state_dict(),
            "optimizers": {k: o.state_dict() for k, o in self.learner.optimizers.items()},
            "pretraining": self.pretraining and self.pretraining.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.n_steps = state["n_steps"]
        self.learner.module.load_state_dict(state["module"])
        for name, optimizer in self.learner.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        if self.pretraining is not None:
            self.pretraining.load_state_dict(state["pretraining"])


def paired_batches(task: Task, size: int) -> Iterator[tuple[Batch, Batch]]:
    """Yield every training batch once, each with a validation batch; both in random order."""

    def forever() -> Iterator[Batch]:
        while True:
            yield from task.valid.batches(size, shuffle=True)

    yield from zip(task.train.batches(size, shuffle=True), forever(), strict=False)
