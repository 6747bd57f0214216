"""Folders of simulated nights: real EDF+ files, as MASS or Sleep-EDF distribute theirs."""

from pathlib import Path

from tqdm import tqdm

from sleepaug.simulation.edf import polysomnogram, scoring
from sleepaug.simulation.hypnogram import simulate_scorers
from sleepaug.simulation.night_plan import plan_night
from sleepaug.simulation.people import stream
from sleepaug.simulation.plan import Job, SimulationSettings, plan_files
from sleepaug.support.errors import ConfigError
from sleepaug.support.files import into_place, make_folder, refuse_existing
from sleepaug.support.processes import parallel


def simulate_dataset(
    folder: Path,
    settings: SimulationSettings,
    *,
    jobs: int = 1,
    overwrite: bool = False,
    progress: bool = False,
) -> list[Path]:
    """Write simulated nights as EDF+ files with a scoring beside each.

    The files depend on the settings alone, not on `jobs`. Their headers say that they are
    simulated.

    Parameters
    ----------
    folder : Path
        Where to write; made if missing.
    settings : SimulationSettings
    jobs : int
        Processes.
    overwrite : bool
        Replace files that exist.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    list of Path
        The polysomnograms, in order.

    Raises
    ------
    ConfigError
        Impossible settings, or a file that exists while `overwrite` is false.

    Examples
    --------
    >>> import tempfile
    >>> settings = SimulationSettings(nights=1, seed=0, hours=0.02, ch_names=("C3",), sfreq=64)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in simulate_dataset(Path(folder), settings)]
    ['01-03-0001 PSG.edf']
    """
    planned = plan_files(Path(folder), settings)
    if jobs < 1:
        raise ConfigError(f"jobs: at least 1 is needed, got {jobs}.")
    if not overwrite:
        refuse_existing(path for job in planned for path in (job.psg, *job.hypnograms))
    make_folder(Path(folder))
    bar = tqdm(total=len(planned), unit="night", desc="simulating", disable=not progress or None)
    with bar:
        if jobs == 1:
            for job in planned:
                write_night(job)
                bar.update()
        else:
            for _ in parallel(write_night, planned, jobs):
                bar.update()
    return [job.psg for job in planned]


def write_night(job: Job) -> None:
    """Simulate one night and write its files, the recording last."""
    settings = job.settings
    one = settings.night(job.subject, first_night=job.first_night)
    night = plan_night(job.seed, settings.hours, one)
    others = simulate_scorers(night.stages, settings.scorers, stream(job.seed, "scorers"))
    for path, stages in zip(job.hypnograms, (night.stages, *others), strict=True):
        into_place(path, scoring(night, stages, settings.layout).write)
    channels = settings.channels()
    try:
        psg = polysomnogram(night, settings.layout, channels, settings.rate, one.recorder)
        into_place(job.psg, psg.write)
    except BaseException:
        if not job.psg.exists():  # a scoring alone would be in the way of the same command
            for path in job.hypnograms:
                path.unlink(missing_ok=True)
        raise
