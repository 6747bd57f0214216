"""A training step that a GPU records once and then repeats: one launch instead of hundreds.

A CUDA graph repeats the same kernels on the same memory. That works for a step that never waits for
the GPU, on batches of one size; numbers are drawn anew each time, since torch registers its default
generator, the only one that steps draw from, with every graph.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

log = logging.getLogger(__name__)

DEVICES = ("cuda",)

WARM_UP = 3
"""Steps before the recording, which fill caches and choose algorithms."""


def recorded(
    step: Callable[..., Any],
    optimizers: Iterable[Optimizer],
    device: torch.device,
    *,
    wanted: bool,
) -> Callable[..., Any]:
    """Return a step that is recorded where that is wanted and possible, otherwise the step itself.

    Parameters
    ----------
    step : callable
        From the tensors of a batch to a tensor, or a dict of them, without a gradient.
    optimizers : iterable of Optimizer
        Those that the step uses.
    device : torch.device
    wanted : bool
    """
    if wanted and device.type not in DEVICES:
        _note("cuda_graphs: the device is no GPU, so steps are not recorded")
    return RecordedStep(step, optimizers) if wanted and device.type in DEVICES else step


class RecordedStep:
    """A step that is taken as it is a few times, then recorded, then replayed.

    Batches of another size than the first, such as the last of an epoch, are computed as they are,
    and so is every batch after a recording that failed. What is constant in the step, such as a
    learning rate, stays what it was: make a new one where that changes.
    """

    def __init__(self, step: Callable[..., Any], optimizers: Iterable[Optimizer]) -> None:
        self.step, self.optimizers = step, list(optimizers)
        self.shapes: list[torch.Size] | None = None
        self.n_taken, self.failed = 0, False
        self.graph: torch.cuda.CUDAGraph | None = None
        self.inputs: list[Tensor] = []
        self.result: Any = None

    def __call__(self, *batch: Tensor) -> Any:
        """Take the step; the result is overwritten by the next call."""
        shapes = [part.shape for part in batch]
        self.shapes = self.shapes or shapes
        if self.failed or shapes != self.shapes:
            return self.step(*batch)
        if self.n_taken < WARM_UP:
            self.n_taken += 1
            return self._aside(*batch)
        if self.graph is None and not self._record(batch):
            return self.step(*batch)
        assert self.graph is not None
        for own, given in zip(self.inputs, batch, strict=True):
            own.copy_(given)
        self.graph.replay()
        return self.result

    def _aside(self, *batch: Tensor) -> Any:
        """Take the step on a stream of its own, as it will be recorded."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            result = self.step(*batch)
        torch.cuda.current_stream().wait_stream(stream)
        return result

    def _record(self, batch: tuple[Tensor, ...]) -> bool:
        """Record the step, which does not compute anything; tell whether it worked."""
        self.inputs = [part.clone() for part in batch]
        graph, stream = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
        try:
            # Another thread may pin memory meanwhile: its calls are no mistake.
            with (
                capturable(self.optimizers),
                torch.cuda.graph(graph, capture_error_mode="thread_local"),
            ):
                self.result = self.step(*self.inputs)
        except RuntimeError as error:
            torch.cuda.set_stream(stream)  # a recording that failed leaves its own behind
            self.failed, self.inputs = True, []
            _note(f"cuda_graphs: the step cannot be recorded, it is computed as it is ({error})")
            return False
        self.graph = graph
        return True


@contextlib.contextmanager
def capturable(optimizers: Iterable[Optimizer]) -> Iterator[None]:
    """Let Adam be recorded; its fused steps count on the device in any case."""
    groups = [g for o in optimizers for g in o.param_groups if "capturable" in g]
    for group in groups:
        group["capturable"] = True
    try:
        yield
    finally:
        for group in groups:
            group["capturable"] = False


@cache
def _note(text: str) -> None:
    """Say something once."""
    log.warning("%s", text)
