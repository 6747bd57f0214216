"""A device that exists only in name: its tensors say they are elsewhere, and the CPU computes.

Code for a GPU can so be checked without one. Tensors of two devices in one operation are an error,
as on a GPU. Kernels (operations that compute) and waits (the program needs a number of the device,
or copies between host and device, unless they are `non_blocking`) are counted by the line of
sleepaug that caused them.

Importing this module changes torch for the whole process, before the first backward pass: use it
in a process of its own.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

import sleepaug

NAME = "pretended"
_setup_privateuseone_for_python_backend(NAME)
DEVICE = torch.device(NAME, 0)
HOME = str(Path(sleepaug.__file__).parent)
WAITS = {"_local_scalar_dense", "nonzero", "masked_select", "_unique2", "unique_dim", "bincount",
         "is_nonzero", "equal", "unique_consecutive"}  # fmt: skip
FREE = {"empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided", "resize_", "set_"}


class Elsewhere(torch.Tensor):
    """A tensor of the pretended device; `here` holds its numbers."""

    here: torch.Tensor

    @staticmethod
    def __new__(cls, here: torch.Tensor) -> Elsewhere:
        here = here.resolve_conj().resolve_neg()
        made = torch.Tensor._make_wrapper_subclass(
            cls, here.shape, here.stride(), here.storage_offset(), dtype=here.dtype, device=DEVICE
        )
        made.here = here
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    def __init__(self, here: torch.Tensor) -> None:
        pass

    def tolist(self) -> Any:
        """Read all numbers: one wait."""
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise RuntimeError(f"{func}: used outside of `Counting`")


class _Constructors(TorchFunctionMode):
    """`torch.tensor` makes its tensor below the reach of a dispatch mode: build and move it."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        target = kwargs.get("device")
        if func in (torch.tensor, torch.as_tensor) and target is not None:
            del kwargs["device"]
            return func(*args, **kwargs).to(target)
        return func(*args, **kwargs)


class Counting(TorchDispatchMode):
    """Computes on the CPU what happens on the pretended device, and counts it.

    Attributes
    ----------
    kernels, waits : Counter
        By the line that caused them, such as "augment/policy.py:78"; what autograd does on its own
        is "backward".
    """

    def __init__(self) -> None:
        super().__init__()
        self.kernels: Counter[str] = Counter()
        self.waits: Counter[str] = Counter()
        self.constructors = _Constructors()

    def __enter__(self) -> Counting:
        self.constructors.__enter__()
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.constructors.__exit__(*error)

    def clear(self) -> None:
        """Begin to count anew."""
        self.kernels.clear()
        self.waits.clear()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        target = kwargs.get("device")
        tensors = [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, torch.Tensor)]
        ours = [t for t in tensors if isinstance(t, Elsewhere)]
        if not ours and (target is None or torch.device(target).type != NAME):
            return func(*args, **kwargs)
        name = func.overloadpacket.__name__
        on_cpu = [t for t in tensors if not isinstance(t, Elsewhere) and t.ndim > 0]
        moves = name in ("_to_copy", "copy_")
        if ours and on_cpu and not moves:
            shapes = [(tuple(t.shape), t.device.type) for t in tensors]
            raise RuntimeError(f"{name}: tensors of two devices, {shapes}, at {culprit()}")
        leaves = target is not None and torch.device(target).type == "cpu"
        if target is not None:
            kwargs["device"] = torch.device("cpu")
        out = func(*tree_map(here, args), **tree_map(here, kwargs))
        boolean = name.startswith("index") and any(
            isinstance(t, torch.Tensor) and t.dtype == torch.bool for t in _indices(args)
        )
        enters = moves and (len(ours) < len(tensors) or (not ours and target is not None))
        enters = enters and not kwargs.get("non_blocking")
        if name in WAITS or boolean or leaves or enters:
            self.waits[f"{culprit()} {name}"] += 1
        elif not func.is_view and name not in FREE and name != "detach":
            self.kernels[culprit()] += 1
        if leaves or name == "_local_scalar_dense":
            return out
        if name == "copy_" and not isinstance(args[0], Elsewhere):
            return args[0]
        wrapped = tree_map(lambda t: Elsewhere(t) if type(t) is torch.Tensor else t, out)
        return return_and_correct_aliasing(func, args, kwargs, wrapped) if ours else wrapped


def here(value: Any) -> Any:
    """Return the numbers of a tensor of the pretended device; other values as they are."""
    return value.here if isinstance(value, Elsewhere) else value


def _indices(args: Any) -> list[Any]:
    return list(args[1]) if len(args) > 1 and isinstance(args[1], list | tuple) else []


def culprit() -> str:
    """Return the innermost line of sleepaug that is being executed, or "backward"."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(HOME):
            return f"{name[len(HOME) + 1 :]}:{frame.f_lineno}"
        frame = frame.f_back
    return "backward"
