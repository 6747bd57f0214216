"""Work in several processes that leave Ctrl-C to the one who started them."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import resource_tracker
from typing import Any, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

MASKS = hasattr(signal, "pthread_sigmask")  # not on Windows


def parallel(
    function: Callable[[Item], Made],
    items: Iterable[Item],
    jobs: int,
    begin: Callable[..., object] | None = None,
    *args: Any,
) -> Iterator[Made]:
    """Call a function with each item, `jobs` at a time; results come in the order of the items.

    Whoever stops early, by Ctrl-C too, waits for what is being worked on, which ends whole; nothing
    is begun after it.

    Parameters
    ----------
    function : callable
        Of a module, so that a new process finds it.
    items : iterable
        What it is called with.
    jobs : int
        Processes.
    begin, *args
        Called first in each process.
    """
    context = multiprocessing.get_context("spawn")
    if MASKS:
        resource_tracker.ensure_running()  # else starting it would let Ctrl-C through, below
    with ProcessPoolExecutor(jobs, context, initializer=begin, initargs=args) as pool:
        under_way: deque = deque()
        for item in items:
            if len(under_way) == jobs:
                yield under_way.popleft().result()
            with _CtrlCLater():
                under_way.append(pool.submit(function, item))
        while under_way:
            yield under_way.popleft().result()


class _CtrlCLater:
    """Holds Ctrl-C back for a moment; a process that is started meanwhile never gets it."""

    def __enter__(self) -> None:
        if MASKS:
            self.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

    def __exit__(self, *error: object) -> None:
        if MASKS:
            signal.pthread_sigmask(signal.SIG_SETMASK, self.before)
