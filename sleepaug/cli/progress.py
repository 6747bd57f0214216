"""Live progress: a line for each lane with its time, its best validation score and what is left."""

from __future__ import annotations

import sys
import time

import click
from tqdm import tqdm

from sleepaug.experiments.comparison.rows import Row
from sleepaug.experiments.comparison.settings import Job
from sleepaug.support.text import duration_text

EVERY = 30.0  # seconds between lines of a lane where there is no terminal


class Progress:
    """Show the lanes: a bar each on a terminal, otherwise a line every half minute.

    Parameters
    ----------
    budget : float
        Seconds of a lane.
    """

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self.best: dict[Job, float] = {}
        self.bars: dict[Job, tqdm] = {}
        self.printed: dict[Job, float] = {}

    def tell(self, job: Job, row: Row) -> None:
        """Show the newest row of a job."""
        point = row.get("point")
        if point:
            self.best[job] = max(self.best.get(job, 0.0), point["valid_balanced_accuracy"])
        used = clock_of(row)
        text = self.text(job, row, used)
        if sys.stderr.isatty():
            self._bar(job, row, used, text)
            return
        now = time.monotonic()
        ended = row["status"] != "running"
        if ended or now - self.printed.setdefault(job, now) >= EVERY:
            self.printed[job] = now
            click.echo(f"{job.name}: {text}", err=True)

    def text(self, job: Job, row: Row, used: float) -> str:
        """Describe the state of a lane."""
        best = f"best {self.best[job]:.3f} (valid)" if job in self.best else "no point yet"
        if row["status"] != "running":
            reason = f": {row['reason']}" if "reason" in row else ""
            return f"{row['status'].replace('_', ' ')}{reason}, {best}"
        left = duration_text(max(0.0, self.budget - used))
        return f"{row['account']}, {duration_text(used)} used, {left} left, {best}"

    def _bar(self, job: Job, row: Row, used: float, text: str) -> None:
        if job not in self.bars:
            self.bars[job] = tqdm(
                total=round(self.budget),
                desc=f"{job.name:<24}",
                bar_format="{desc} {bar:12} {postfix}",
            )
        bar = self.bars[job]
        bar.n = min(round(used), bar.total)
        bar.set_postfix_str(text)
        if row["status"] != "running":
            bar.close()
            del self.bars[job]

    def close(self) -> None:
        """Close the bars."""
        for bar in self.bars.values():
            bar.close()


def clock_of(row: Row) -> float:
    """Add the seconds of pretraining, search and training, which the budget limits."""
    return row.get("pretrain_s", 0.0) + row.get("search_s", 0.0) + row.get("train_s", 0.0)
