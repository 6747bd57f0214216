"""Random states, which a checkpoint holds so that a continued run gives the same bits."""

from __future__ import annotations

from typing import Any

import torch


def random_state() -> dict[str, Any]:
    """Return the state of torch's generators, on the CPU and on each CUDA device in use.

    Examples
    --------
    >>> state = random_state()
    >>> first = torch.rand(3)
    >>> set_random_state(state)
    >>> torch.equal(first, torch.rand(3))
    True
    """
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def set_random_state(state: dict[str, Any]) -> None:
    """Put torch's generators back into a state that `random_state` returned.

    It may hold more GPUs than there are now: a run uses the first.
    """
    torch.set_rng_state(state["cpu"].cpu())
    for number, cuda in enumerate(state["cuda"][: torch.cuda.device_count()]):
        torch.cuda.set_rng_state(cuda.cpu(), number)
