"""Work in several processes that leave Ctrl-C to the one who started them."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


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
    with ProcessPoolExecutor(jobs, context, initializer=begin, initargs=args) as pool:
        under_way: deque = deque()
        for item in items:
            if len(under_way) == jobs:
                yield under_way.popleft().result()
            with _CtrlCIgnored():  # which a process started here inherits
                under_way.append(pool.submit(function, item))
        while under_way:
            yield under_way.popleft().result()


class _CtrlCIgnored:
    """Ignores Ctrl-C for a moment; only the main thread may say so."""

    def __enter__(self) -> None:
        self.main = threading.current_thread() is threading.main_thread()
        self.before = signal.signal(signal.SIGINT, signal.SIG_IGN) if self.main else None

    def __exit__(self, *error: object) -> None:
        if self.main:
            signal.signal(signal.SIGINT, self.before)
