"""Which scoring belongs to which recording: one rule for all commands, by the names of files."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from pathlib import Path

from sleepaug.data.files.edf import is_edf
from sleepaug.data.files.edf_header import read_edf_header
from sleepaug.support.errors import RecordingError

ENDINGS = (
    *(".csv", ".tsv", ".txt", ".edf", ".bdf", ".rec", ".xml", ".rml", ".json", ".ids", ".annot"),
    *(".eannot", ".hyp", ".sta"),
)
"""What files of scorings end in, whatever their case."""

KINDS = (
    *("hypnogram", "hypnograms", "hypno", "annotations", "annotation", "base", "scoring"),
    *("sleepscoring", "scorings", "stages", "staging", "stage", "events", "event", "nsrr"),
    *("profusion", "psg", "eeg", "signals", "30s", "schlafprofil", "sleepprofile", "hypnogramm"),
)
"""What follows the name of a night in the name of a file."""

PREFIXES = re.compile(r"(?:hypnogram|hypnogramaasm|hypnogramr&k|hypnogram_r&k)[_ ]", re.IGNORECASE)
SLEEP_EDF = re.compile(r"((?:sc4|st7)\d{3}[a-z])[a-z0-9](?=$|[-_. ])")
NOT_A_SCORING = ("summary.csv", "group.csv", "participants.tsv", "channels.tsv", "readme.txt")


def is_hidden(path: Path) -> bool:
    """Tell whether a file is hidden, such as ``._NAME``, which macOS leaves on other disks."""
    return path.name.startswith(".")


def night_name(path: Path) -> str:
    """Return the name of the night that a file belongs to, in lower case.

    Endings, prefixes and words that say what the file holds are left out; a file whose name has
    nothing else (``psg.edf`` of DCSM) is named after its folder.

    Examples
    --------
    >>> night_name(Path("SC4001E0-PSG.edf")), night_name(Path("SC4001EC-Hypnogram.edf"))
    ('sc4001e', 'sc4001e')
    >>> night_name(Path("SN001_sleepscoring.txt")), night_name(Path("tp1/hypnogram.ids"))
    ('sn001', 'tp1')
    >>> night_name(Path("sub-01_task-sleep_eeg_events.tsv"))
    'sub-01_task-sleep'
    """
    name = path.stem.lower()
    name = PREFIXES.sub("", name)
    while True:
        kind = next((k for k in KINDS if re.search(rf"(?:^|[-_. ]){k}$", name)), None)
        if kind is None:
            break
        name = name.removesuffix(kind).rstrip("-_. ")
    name = SLEEP_EDF.sub(r"\1", name)
    return name or path.parent.name.lower()


def is_recording(path: Path) -> bool:
    """Tell whether a file is EDF or BDF with signals; a damaged one is left for its own error."""
    if not is_edf(path):
        return False
    try:
        return bool(read_edf_header(path).names)
    except RecordingError:
        return True


def scorings_beside(recording: Path) -> list[Path]:
    """Find the files beside a recording that are named as its scoring.

    Returns
    -------
    list of Path
        Several where it is not clear which. Of scorings by two persons, as in ISRUC (``1_1.txt``,
        ``1_2.txt`` of ``1.rec``), it is the first person's, and of the two XML files of the NSRR
        its own.
    """
    night = night_name(recording)
    scorings = [
        path
        for path in _scoring_files(recording.parent.iterdir())
        if path != recording
        and (night_name(path) == night or re.fullmatch(rf"{re.escape(night)}_1", path.stem.lower()))
        and not is_recording(path)
    ]
    own = [path for path in scorings if path.stem.lower().endswith("-nsrr")]
    return own or [path for path in scorings if edf_form(path) in (None, path)]


def edf_form(scoring: Path) -> Path | None:
    """Find the EDF+ file that is called like a scoring: HMC has each as EDF+ and as text.

    Returns
    -------
    Path or None
        It is to be read, as it says when the scoring begins.
    """
    alike = scoring.parent.glob(f"{glob.escape(scoring.stem)}.[eE][dD][fF]")
    forms = (path for path in alike if not is_recording(path) and not _is_other_form(path))
    return next(forms, None)


NSRR = re.compile(r"(.+)-(?:nsrr|profusion)")


def nsrr_scorings(folder: Path) -> dict[str, Path]:
    """Find the XML files of the NSRR below a folder, by the name of their night.

    They lie in a folder of their own; where there are two kinds, the NSRR's own is taken.
    """
    nights: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.[xX][mM][lL]"), reverse=True):  # -profusion before -nsrr
        if not is_hidden(path) and (name := NSRR.fullmatch(path.stem.lower())):
            nights[name[1]] = path
    return nights


def _scoring_files(paths: Iterable[Path]) -> list[Path]:
    """Choose the files that could be scorings, by their names."""
    return sorted(
        path
        for path in paths
        if path.suffix.lower() in ENDINGS
        and not is_hidden(path)
        and path.name.lower() not in NOT_A_SCORING
        and not path.name.lower().endswith((".summary.json", "_channels.tsv", "_events.json"))
        and path.is_file()
        and not _is_signal_text(path)
        and not _is_other_form(path)
    )


def _is_other_form(path: Path) -> bool:
    """Tell whether a hypnogram of this package lies beside its table, in another form."""
    for ending, others in (
        (".hypnogram.edf", (".hypnogram.csv", "_events.tsv")),
        ("_events.tsv", (".hypnogram.csv", "_eeg.hypnogram.csv")),
    ):
        if path.name.endswith(ending):
            name = path.name.removesuffix(ending)
            names = {name, name.removesuffix("_eeg")}
            return any(path.with_name(n + other).exists() for n in names for other in others)
    return False


def _is_signal_text(path: Path) -> bool:
    """Tell whether a text file is a channel of the DREAMS databases: ``[C3-A1]``, then numbers."""
    if path.suffix.lower() != ".txt":
        return False
    with open(path, "rb") as file:
        head = file.readline(100).strip().lower()
    return re.fullmatch(rb"\[[^\],]+\]", head) is not None and not head.startswith(b"[hypno")


def expected_names(recording: Path) -> str:
    """Say in a message what a scoring of a recording may be called, and what lies beside it."""
    beside = sorted(path.name for path in recording.parent.iterdir() if not is_hidden(path))
    beside = [name for name in beside if name != recording.name]
    listed = ", ".join(beside[:8]) + (", ..." if len(beside) > 8 else "") if beside else "nothing"
    return (
        f"looked for {recording.stem}.csv, .tsv, .txt, .xml and the like, and for {recording.stem} "
        f"with _hypnogram, _scoring, _stages or _events; beside it: {listed}"
    )


def nights_in(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Find the scorings of a folder and everything below it, by the name of their night.

    A recording with a scoring beside it stands before that scoring, and alone where the stages are
    in its own annotations.

    Raises
    ------
    RecordingError
        Two scorings are of one night.
    """
    files = _scoring_files(folder.rglob("*"))
    recordings = [path for path in files if is_recording(path)]
    nights: dict[str, tuple[Path, ...]] = {}
    for path in recordings:
        beside = scorings_beside(path)
        nights[night_name(path)] = (path, *beside[:1])
    used = {path for paths in nights.values() for path in paths}
    for path in files:
        if path in used or path in recordings or edf_form(path) not in (None, path):
            continue
        name = night_name(path)
        recording = nights.get(name, ())
        if recording and (len(recording) > 1 or recording[0] not in recordings):
            raise RecordingError(
                f"{nights[name][-1]} and {path}: two scorings of one night. Keep one of them in "
                "this folder."
            )
        nights[name] = (*recording, path)  # the recording may lie elsewhere below the folder
    return nights
