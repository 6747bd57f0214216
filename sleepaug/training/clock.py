"""The clock: computing time and energy, charged to what they were spent on."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator

import torch


class Clock:
    """Seconds charged to accounts such as "train"; time outside `charge` is not counted.

    On a GPU they are seconds of wall time, until its work is done. On the CPU they are seconds that
    this process computed, all its threads added up: with one thread, on an idle machine, the same
    as wall time, and on a busy one longer only as far as other processes use caches and memory.

    Parameters
    ----------
    device : torch.device
    timer : callable, optional
        Another clock than the device's: seconds, increasing.
    budget : float
        Seconds that all accounts together may hold.
    meter : callable
        Returns the energy in joules that the device has used so far, or None if it does not count.

    Attributes
    ----------
    seconds, joules : dict of float
        What each account was charged; `joules` is empty where energy is not counted.

    Examples
    --------
    >>> clock = Clock(timer=iter([0.0, 3.0]).__next__, budget=10.0)
    >>> with clock.charge("train"):
    ...     pass
    >>> clock.seconds, clock.left()
    ({'train': 3.0}, 7.0)
    """

    def __init__(
        self,
        device: torch.device | str = "cpu",
        timer: Callable[[], float] | None = None,
        budget: float = math.inf,
        meter: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.device, self.budget = torch.device(device), budget
        self.timer = timer or (
            time.perf_counter if self.device.type == "cuda" else time.process_time
        )
        self.meter = meter
        self.seconds: dict[str, float] = {}
        self.joules: dict[str, float] = {}

    def left(self) -> float:
        """Return the seconds of the budget that are left; below 0 if the last step went over it."""
        return self.budget - sum(self.seconds.values())

    @contextlib.contextmanager
    def charge(self, account: str) -> Iterator[None]:
        """Add the time and energy spent inside to `account`, unless it ends in an error."""
        before, start = self.meter(), self.timer()
        yield
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        self.seconds[account] = self.seconds.get(account, 0.0) + self.timer() - start
        after = self.meter()
        if before is not None and after is not None:
            self.joules[account] = self.joules.get(account, 0.0) + after - before

    def close(self, account: str) -> float:
        """Empty an account; return the seconds it held."""
        self.joules.pop(account, None)
        return self.seconds.pop(account)
