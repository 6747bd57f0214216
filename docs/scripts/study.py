"""Make a study of simulated people: recordings of three age groups, one of them damaged.

    python docs/scripts/study.py STUDY --people 30 --hours 7.5

writes STUDY/recordings/GROUP/sub-NN.edf, STUDY/scorings/GROUP/sub-NN.edf (how the simulator scored
them) and STUDY/participants.tsv.
"""

from __future__ import annotations

import csv
from pathlib import Path

import click

from sleepaug.simulation.dataset import write_night
from sleepaug.simulation.people import draw_person
from sleepaug.simulation.plan import SimulationSettings, plan_files

GROUPS = ("young", "middle", "old")
DAMAGED = 16
"""Index of the person whose file ends early; the last one where there are fewer."""
CHANNELS = ("C3", "O1", "EOG Left Horiz", "EMG Chin1")


@click.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--people", default=30)
@click.option("--hours", default=7.5)
@click.option("--seed", default=40)
def make(study: Path, people: int, hours: float, seed: int) -> None:
    """Write the study."""
    raw = study / "raw"
    raw.mkdir(parents=True)
    settings = SimulationSettings(people, seed, hours=hours, ch_names=CHANNELS, sfreq=128.0)
    jobs = plan_files(raw, settings)
    ages = [round(draw_person(job.subject).age) for job in jobs]
    by_age = sorted(range(people), key=lambda k: ages[k])
    rows = []
    for k, job in enumerate(jobs):
        write_night(job)
        group = GROUPS[by_age.index(k) * len(GROUPS) // people]
        name = f"sub-{k + 1:02d}"
        for kind, file in (("recordings", job.psg), ("scorings", job.hypnograms[0])):
            (study / kind / group).mkdir(parents=True, exist_ok=True)
            file.rename(study / kind / group / f"{name}.edf")
        rows.append({"participant_id": name, "age": ages[k], "group": group})
        if k == min(DAMAGED, people - 1):
            damaged = study / "recordings" / group / f"{name}.edf"
            damaged.write_bytes(damaged.read_bytes()[:3000])
    raw.rmdir()
    with (study / "participants.tsv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    make()
