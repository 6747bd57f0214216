"""Check an installation: what is installed, what computes, what is wrong and how to fix it."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import torch
from packaging.requirements import Requirement

import sleepaug
from sleepaug.data import cache
from sleepaug.models.cards import read_card, shipped_models
from sleepaug.models.conv_max_pool_compiled import compiler, library

HARD_TO_LOAD = ("torch", "mne", "sleepaug.support.braindecode_import")
LITTLE_SPACE = 1e9  # bytes; a prepared night takes about 14 MB, a checkpoint 1 MB
REINSTALL = "Install sleepaug again."


@dataclass(frozen=True)
class Problem:
    """Something wrong with the installation.

    Attributes
    ----------
    problem : str
        What is wrong.
    fix : str
        What to do.
    """

    problem: str
    fix: str


@dataclass(frozen=True)
class CacheState:
    """The folder of the prepared nights, their number, and their size in bytes."""

    folder: str
    nights: int
    bytes: int


@dataclass(frozen=True)
class Installation:
    """What was found on this machine.

    Attributes
    ----------
    sleepaug, python, system : str
        Versions.
    folder : str
        Of the package.
    packages : dict of str
        Version of each required package that is installed.
    devices : list of str
        What torch computes on.
    cache : CacheState
    models : list of str
        Names of the models that ship.
    problems : list of Problem
    """

    sleepaug: str
    python: str
    system: str
    folder: str
    packages: dict[str, str]
    devices: list[str]
    cache: CacheState
    models: list[str]
    problems: list[Problem]

    def text(self) -> str:
        """Return the installation and its problems in lines."""
        versions = [f"{name} {version}" for name, version in self.packages.items()]
        size = f"{self.cache.bytes / 1e6:,.1f} MB"
        lines = [
            f"sleepaug {self.sleepaug}, Python {self.python}, {self.system}",
            f"  in {self.folder}",
            *("  " + ", ".join(versions[i : i + 4]) for i in range(0, len(versions), 4)),
            *([] if versions else ["  not installed: it runs from this folder"]),
            *(f"  {device}" for device in self.devices),
            f"  cache {self.cache.folder}: {self.cache.nights} prepared nights, {size}",
            f"  models: {', '.join(self.models)}",
        ]
        for problem in self.problems:
            lines += [f"Problem: {problem.problem}", f"  Fix: {problem.fix}"]
        return "\n".join([*lines, *([] if self.problems else ["No problems found."])])


def examine(cache_dir: Path | None = None) -> Installation:
    """Look at the installation; nothing is written.

    Parameters
    ----------
    cache_dir : Path, optional
        Folder of the prepared nights, if not that of `sleepaug.data.cache.folder`.
    """
    problems: list[Problem] = []
    return Installation(
        sleepaug=sleepaug.__version__,
        python=platform.python_version(),
        system=platform.platform(),
        folder=str(Path(sleepaug.__file__).parent),
        packages=packages(problems),
        devices=devices(problems),
        cache=cache_state(cache_dir, problems),
        models=models(problems),
        problems=problems,
    )


def packages(problems: list[Problem]) -> dict[str, str]:
    """Return versions of the required packages; report those that are missing, wrong or broken."""
    versions = {}
    for required in requirements():
        try:
            version = versions[required.name] = metadata.version(required.name)
        except metadata.PackageNotFoundError:
            version = ""
        if not version or not required.specifier.contains(version, prereleases=True):
            state = f"{required.name} {version or 'is missing'}; {required.specifier} is needed."
            problems.append(Problem(state, f"pip install '{required}'"))
    for name in HARD_TO_LOAD:
        try:
            importlib.import_module(name)
        except Exception as error:  # a broken installation may raise anything
            state = f"{name} does not load: {type(error).__name__}: {error}"
            fix = "Install it again in a new virtual environment, with a build for this machine."
            problems.append(Problem(state, fix))
    return versions


def requirements() -> Iterator[Requirement]:
    """Yield what this package requires, without extras; nothing where it is not installed."""
    try:
        lines = metadata.requires("sleepaug") or []
    except metadata.PackageNotFoundError:
        return
    for line in lines:
        required = Requirement(line)
        if required.marker is None or required.marker.evaluate({"extra": ""}):
            yield required


def devices(problems: list[Problem]) -> list[str]:
    """Describe what torch computes on: the CPU, and each GPU that it finds."""
    works = library(13, compiler()) is not None  # pools of 13 samples are those of 100 Hz
    kernel = f"the trunk compiled by {compiler()}" if works else "no C compiler: a slower trunk"
    cpu = f"cpu: {os.cpu_count()} cores, torch computes with {torch.get_num_threads()}; {kernel}"
    descriptions = [cpu]
    for k in range(torch.cuda.device_count()):
        gpu = torch.cuda.get_device_properties(k)
        descriptions.append(f"cuda:{k}: {gpu.name}, {gpu.total_memory / 1e9:.0f} GB")
        with reported(problems, f"cuda:{k} does not compute", "Update the GPU's driver."):
            torch.ones(1, device=f"cuda:{k}").sum().item()
    return descriptions


def cache_state(cache_dir: Path | None, problems: list[Problem]) -> CacheState:
    """Describe the cache; report where it or the current folder cannot be written, or is full."""
    where = cache.folder(cache_dir)
    for folder, fix in (
        (where, f"Choose another with {cache.ENVIRONMENT_VARIABLE} or --cache-dir."),
        (Path.cwd(), "Choose another with --output."),
    ):
        with reported(problems, f"{folder} cannot be written", fix):
            existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
            tempfile.TemporaryFile(dir=existing).close()
            if (free := shutil.disk_usage(existing).free) < LITTLE_SPACE:
                state = f"{folder}: only {free / 1e6:,.0f} MB are free."
                problems.append(Problem(state, f"Make room. {fix}"))
    nights = cache.entries(where)
    return CacheState(str(where), len(nights), sum(night.size for night in nights))


def models(problems: list[Problem]) -> list[str]:
    """Return the names of the models that ship; report those that cannot be read."""
    shipped = shipped_models()
    if not shipped:
        problems.append(Problem("No model ships with this copy.", REINSTALL))
    for name, path in shipped.items():
        with reported(problems, f"The model {name} cannot be read", REINSTALL):
            read_card(path)
    return sorted(shipped)


@contextmanager
def reported(problems: list[Problem], problem: str, fix: str) -> Iterator[None]:
    """Turn an error inside the block into a problem; Ctrl-C is none."""
    try:
        yield
    except Exception as error:
        reason = getattr(error, "strerror", None) or error
        problems.append(Problem(f"{problem}: {reason}.", fix))
