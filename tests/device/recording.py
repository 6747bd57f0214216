"""CUDA graphs that only pretend: operations are noted while a step runs, and repeated by a replay.

As on a GPU a recording changes nothing: what it wrote is put back, and so are the random numbers.
Each replay writes to the memory of the recording, and draws anew. What would make the program wait
is an error while a step is recorded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from sleepaug.training import cuda_graph
from tests.device.pretended import NAME, WAITS, here

REFUSED = "operation not permitted when stream is capturing"


class PretendedGraph:
    """Holds the operations of a recording."""

    made: ClassVar[list[PretendedGraph]] = []

    def __init__(self) -> None:
        self.operations: list[tuple[Any, Any, Any, Any]] = []
        self.n_replays = 0
        self.made.append(self)

    @torch.no_grad()
    def replay(self) -> None:
        """Do all operations again, in the same memory."""
        self.n_replays += 1
        for func, args, kwargs, out in self.operations:
            again = func(*args, **kwargs)
            known = {None, *map(memory, tree_leaves((args, kwargs)))}
            for old, new in zip(tree_leaves(out), tree_leaves(again), strict=True):
                if memory(old) not in known:  # neither a view nor written in place
                    old.copy_(new)


def memory(value: Any) -> int | None:
    """Return where the numbers of a tensor are; None for anything else."""
    return here(value).untyped_storage().data_ptr() if isinstance(value, Tensor) else None


class _Noting(TorchDispatchMode):
    def __init__(self, graph: PretendedGraph) -> None:
        super().__init__()
        self.graph = graph
        self.before: list[tuple[Tensor, Tensor]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name, target = func.overloadpacket.__name__, kwargs.get("device")
        if name in WAITS or (name == "_to_copy" and target and torch.device(target).type != NAME):
            raise RuntimeError(f"{name}: {REFUSED}")
        parameters = zip(func._schema.arguments, args, strict=False)
        named = {a.name: a for a in func._schema.arguments}
        written = [value for a, value in parameters if a.alias_info and a.alias_info.is_write]
        written += [v for k, v in kwargs.items() if (a := named[k]).alias_info and a.is_out]
        for tensor in tree_leaves(written):
            self.before.append((tensor, tensor.detach().clone()))
        out = func(*args, **kwargs)
        if func.namespace == "aten":  # not the marks of torch's profiler
            self.graph.operations.append((func, args, kwargs, out))
        return out


@contextlib.contextmanager
def recording(graph: PretendedGraph, capture_error_mode: str) -> Iterator[None]:
    """Stand in for `torch.cuda.graph`."""
    random, noting = torch.get_rng_state(), _Noting(graph)
    try:
        with noting, pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch, "get_rng_state", _refuse)
            yield
    finally:
        with torch.no_grad():
            for tensor, numbers in reversed(noting.before):
                tensor.copy_(numbers)
        torch.set_rng_state(random)


def _refuse() -> None:
    raise RuntimeError(REFUSED)


class _Stream:
    def wait_stream(self, other: _Stream) -> None:
        pass


def pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pretended device record graphs, after one step."""
    PretendedGraph.made = []
    monkeypatch.setattr(cuda_graph, "DEVICES", (NAME,))
    monkeypatch.setattr(cuda_graph, "WARM_UP", 1)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", PretendedGraph)
    monkeypatch.setattr(torch.cuda, "graph", recording)
    monkeypatch.setattr(torch.cuda, "Stream", _Stream)
    monkeypatch.setattr(torch.cuda, "current_stream", _Stream)
    monkeypatch.setattr(torch.cuda, "stream", contextlib.nullcontext)
    monkeypatch.setattr(torch.cuda, "set_stream", lambda stream: None)
