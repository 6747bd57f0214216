"""Work in several processes that leave Ctrl-C to the one who started them."""

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
            with ctrl_c_later():
                under_way.append(pool.submit(function, item))
        while under_way:
            yield under_way.popleft().result()


@contextmanager
def ctrl_c_later() -> Iterator[None]:
    """Hold Ctrl-C back until the block ends; a process that is started meanwhile never gets it.

    The mask is what a new process inherits. It holds the signal back in this thread only: where
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
