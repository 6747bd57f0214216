"""Work in several processes, of which only the first receives Ctrl-C."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import FrameType
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
    """Call a function with each item, in several processes.

    Stopping early, also by Ctrl-C, waits for the items that are being worked on, which are
    completed; no other is begun.

    Parameters
    ----------
    function : callable
        It must be importable, so that a new process finds it.
    items : iterable
        Its arguments, one for each call.
    jobs : int
        Number of processes.
    begin : callable, optional
        Called once in each process before all else.
    *args
        Arguments of `begin`.

    Yields
    ------
    object
        Results, in the order of the items.
    """
    context = multiprocessing.get_context("spawn")
    if MASKS:
        resource_tracker.ensure_running()  # starting it later would let Ctrl-C through
    with ProcessPoolExecutor(jobs, context, initializer=begin, initargs=args) as pool:
        under_way: deque = deque()
        for item in items:
            if len(under_way) == jobs:
                yield under_way.popleft().result()
            with ctrl_c_later():
                under_way.append(pool.submit(function, item))
        while under_way:
            yield under_way.popleft().result()


@contextmanager
def ctrl_c_later() -> Iterator[None]:
    """Hold Ctrl-C back until the block ends; a process started in it never receives Ctrl-C.

    A new process inherits the signal mask. The mask holds the signal back in this thread only; if
    another thread receives it, the handler notes it. Python runs handlers in the main thread.
    """
    handler = signal.getsignal(signal.SIGINT)
    holds = callable(handler) and threading.current_thread() is threading.main_thread()
    noted: list[tuple[int, FrameType | None]] = []
    if holds:
        signal.signal(signal.SIGINT, lambda *received: noted.append(received))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if MASKS else set()
    try:
        yield
    finally:
        if MASKS:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if holds:
            signal.signal(signal.SIGINT, handler)
        if noted and callable(handler):
            handler(*noted[0])
