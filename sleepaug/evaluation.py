"""Evaluation: a trained model is scored on another dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sleepaug.config import ConfigError, fill
from sleepaug.data.recording import STAGES
from sleepaug.data.windows import Windows, prepare
from sleepaug.model_files import load_model
from sleepaug.runs import pick_device
from sleepaug.staging import Stager
from sleepaug.tasks import Split
from sleepaug.tasks.sleep import Sleep, fingerprint
from sleepaug.training import scores_by_group


def evaluate_model(
    model: Path | str | None,
    *,
    data: str,
    data_dir: Path | None = None,
    pattern: str | None = None,
    map: Mapping[str, str] | None = None,
    reference: str | None = None,
    device: str = "auto",
    cache_dir: Path | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Score a trained model on a dataset.

    Parameters
    ----------
    model : path, optional
        A run folder or model file; without it, the shipped model.
    data, data_dir, pattern
        As in the settings of a run, section `task`.
    map, reference
        In place of what the model was trained with.
    device : {"auto", "cpu", "cuda"}
    cache_dir : Path, optional
        Where prepared nights are kept.
    progress : bool
        Show a progress bar on a terminal.

    Returns
    -------
    dict
        Scores, pooled and by night; under `warnings`, which subjects the model was trained on.
    """
    problems: list[str] = []
    settings = {"data": data, "data_dir": data_dir, "pattern": pattern}
    sleep: Sleep | None = fill(Sleep, settings, "task", problems)
    if sleep is None:
        raise ConfigError("\n".join(problems))
    stager = load_model(model)
    changes: dict[str, Any] = {"map": {**stager.preprocessing.map, **(map or {})}}
    if reference:
        changes["reference"] = reference
    windows = prepare(
        sleep.recordings(progress=progress),
        replace(stager.preprocessing, **changes),
        cache_dir=cache_dir,
        progress=progress,
        on_error="skip",
    )
    where = pick_device(device)
    split = Split(
        x=torch.as_tensor(np.ascontiguousarray(windows.x), device=where),
        y=torch.as_tensor(windows.y, device=where),
        group=windows.recording,
    )
    return {
        **scores_by_group(stager.model.to(where), split, STAGES),
        "warnings": seen_in_training(stager, data, windows),
    }


def seen_in_training(stager: Stager, data: str, windows: Windows) -> list[str]:
    """One line for each subject of a dataset that the model was trained or selected on.

    A subject is recognised by name within one dataset, and a night by its scoring whatever the
    dataset is called. Simulated subjects are numbered alike in every simulation, so only the
    scoring tells them apart.
    """
    known = stager.description.get("trained_on", {})
    same_names = data == known.get("data") and data != "simulated"
    lines = []
    for subject in np.unique(windows.subject):
        nights = np.unique(windows.recording[windows.subject == subject])
        same_night = any(fingerprint(windows, n) in known.get("scorings", []) for n in nights)
        if same_night or (same_names and subject in known.get("subjects", [])):
            lines.append(
                f"subject {subject} was in the model's training set: its score flatters the model"
            )
    return lines
