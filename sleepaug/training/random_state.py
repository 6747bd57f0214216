"""Random states: what a checkpoint keeps, so that a resumed run has the same bits."""

from __future__ import annotations

from typing import Any

import torch


def random_state() -> dict[str, Any]:
    """State of torch's generators, on the CPU and on each CUDA device in use."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def set_random_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["cpu"].cpu())
    if state["cuda"]:
        torch.cuda.set_rng_state_all([s.cpu() for s in state["cuda"]])
