"""What is installed, on what it computes, where things are kept; what is wrong, and the mend."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from packaging.requirements import Requirement

import sleepaug
from sleepaug.data import cache
from sleepaug.models.cards import read_card, shipped_models
from sleepaug.models.conv_max_pool_compiled import compiler, library

HARD_TO_LOAD = ("torch", "mne", "sleepaug.support.braindecode_import")
LITTLE_SPACE = 1e9  # bytes; a prepared night takes about 14 MB, a checkpoint 1 MB

Problem = dict[str, str]


def examine(cache_dir: Path | None = None) -> dict[str, Any]:
    """Look at the installation.

    Parameters
    ----------
    cache_dir : Path, optional
        Where prepared nights are kept, if not where `sleepaug.data.cache.folder` says.

    Returns
    -------
    dict
        `sleepaug`, `python`, `system`, `folder` (of the package), `packages`, `devices`, `cache`,
        `models`, and `problems`: a list of what was `found` and how to `mend` it.
    """
    problems: list[Problem] = []
    return {
        "sleepaug": sleepaug.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "folder": str(Path(sleepaug.__file__).parent),
        "packages": packages(problems),
        "devices": devices(problems),
        "cache": kept(cache_dir, problems),
        "models": models(problems),
        "problems": problems,
    }


def packages(problems: list[Problem]) -> dict[str, str]:
    """Versions of what the package needs; what is missing, of the wrong version, or broken."""
    found = {}
    for needed in requirements():
        try:
            version = found[needed.name] = metadata.version(needed.name)
        except metadata.PackageNotFoundError:
            version = ""
        if not needed.specifier.contains(version or "0", prereleases=True) or not version:
            what = f"{needed.name} {version or 'is missing'}; {needed.specifier} is needed."
            problems.append({"found": what, "mend": f"pip install '{needed}'"})
    for name in HARD_TO_LOAD:
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever a broken installation raises is what is looked for
            what = f"{name} does not load: {type(error).__name__}: {error}"
            mend = "Install it again in a new virtual environment, with a build for this machine."
            problems.append({"found": what, "mend": mend})
    return found


def requirements() -> Iterator[Requirement]:
    """What this package needs, extras left out; nothing where it runs without being installed."""
    try:
        lines = metadata.requires("sleepaug") or []
    except metadata.PackageNotFoundError:
        return
    for line in lines:
        needed = Requirement(line)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            yield needed


def devices(problems: list[Problem]) -> list[str]:
    """What torch would compute on: the CPU, and each GPU it finds."""
    works = library(13, compiler()) is not None  # pools of 13 samples are those of 100 Hz
    how = f"the trunk compiled by {compiler()}" if works else "no C compiler: a slower trunk"
    found = [f"cpu: {os.cpu_count()} cores, torch computes with {torch.get_num_threads()}; {how}"]
    for k in range(torch.cuda.device_count()):
        gpu = torch.cuda.get_device_properties(k)
        found.append(f"cuda:{k}: {gpu.name}, {gpu.total_memory / 1e9:.0f} GB")
        with collected(problems, f"cuda:{k} does not compute", "Update the GPU's driver."):
            torch.ones(1, device=f"cuda:{k}").sum().item()
    return found


def kept(cache_dir: Path | None, problems: list[Problem]) -> dict[str, Any]:
    """The cache folder, its size and the space left; whether it and this folder can be written."""
    where = cache.folder(cache_dir)
    name = f"{cache.ENVIRONMENT_VARIABLE} or --cache-dir"
    for folder, mend in ((where, f"Name another with {name}."), (Path.cwd(), "Name one with -o.")):
        with collected(problems, f"{folder} cannot be written", mend):
            there = next(parent for parent in (folder, *folder.parents) if parent.exists())
            tempfile.TemporaryFile(dir=there).close()
            if (free := shutil.disk_usage(there).free) < LITTLE_SPACE:
                what = f"{folder}: only {free / 1e6:,.0f} MB are free."
                problems.append({"found": what, "mend": f"Make room. {mend}"})
    nights = cache.entries(where)
    size = sum(night.size for night in nights)
    return {"folder": str(where), "nights": len(nights), "bytes": size}


def models(problems: list[Problem]) -> list[str]:
    """The models that ship, each opened."""
    shipped = shipped_models()
    if not shipped:
        problems.append({"found": "No model ships with this copy.", "mend": "Install it again."})
    for name, path in shipped.items():
        with collected(problems, f"The model {name} cannot be read", "Install sleepaug again."):
            read_card(path)
    return sorted(shipped)


class collected:
    """Turns what goes wrong inside a `with` into a problem."""

    def __init__(self, problems: list[Problem], found: str, mend: str) -> None:
        self.problems, self.found, self.mend = problems, found, mend

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: Any) -> bool:
        if kind is None or not issubclass(kind, Exception):
            return False
        why = getattr(error, "strerror", None) or error
        self.problems.append({"found": f"{self.found}: {why}.", "mend": self.mend})
        return True


def examination_text(found: dict[str, Any]) -> str:
    """What `examine` found, in lines."""
    versions = [f"{name} {version}" for name, version in found["packages"].items()]
    cached = found["cache"]
    size = f"{cached['bytes'] / 1e6:,.1f} MB"
    lines = [
        f"sleepaug {found['sleepaug']}, Python {found['python']}, {found['system']}",
        f"  in {found['folder']}",
        *("  " + ", ".join(versions[i : i + 4]) for i in range(0, len(versions), 4)),
        *([] if versions else ["  not installed: it runs from this folder"]),
        *(f"  {device}" for device in found["devices"]),
        f"  cache {cached['folder']}: {cached['nights']} prepared nights, {size}",
        f"  models: {', '.join(found['models'])}",
    ]
    for problem in found["problems"]:
        lines += [f"Wrong: {problem['found']}", f"  Mend: {problem['mend']}"]
    return "\n".join([*lines, *([] if found["problems"] else ["Nothing is wrong."])])
