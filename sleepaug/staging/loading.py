"""From the name of a model, or of several, to what stages recordings."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sleepaug.models.cards import read_description
from sleepaug.models.files import read_model
from sleepaug.models.recording_description import RecordingDescription
from sleepaug.models.recording_model import read_recording_model
from sleepaug.models.several import ModelNames, find_models
from sleepaug.staging.any_stager import AnyStager
from sleepaug.staging.recording_stager import RecordingStager
from sleepaug.staging.several_stagers import SeveralStagers
from sleepaug.staging.stager import Stager
from sleepaug.staging.yasa_stager import YasaStager


def load_model(path: ModelNames = None) -> AnyStager:
    """Load a trained model, or several that stage together.

    Parameters
    ----------
    path : path, str, sequence of these, optional
        A run folder, a model file, the name of a model that ships with the package, or "yasa" (the
        library, if it is installed); without it, the default model. Several of these, as a sequence
        or separated by commas ("default,yasa"), stage together, and so do the folds or seeds of a
        run.

    Returns
    -------
    Stager, RecordingStager, YasaStager or SeveralStagers
        All have `predict`.

    Raises
    ------
    ModelError
        There is no model, or the file is not one.

    Examples
    --------
    >>> import sleepaug
    >>> both = load_model("default,spectral")
    >>> night = both.predict(sleepaug.simulate_night(1, hours=0.2))
    >>> len(night), [model.name for model in night.made.models]
    (24, ['default', 'spectral'])
    """
    stagers = {name: _load(name, file) for name, file in find_models(path).items()}
    return next(iter(stagers.values())) if len(stagers) == 1 else SeveralStagers(stagers)


def _load(name: str, file: Path | None) -> AnyStager:
    """Load one model; that of YASA has no file."""
    if file is None:
        return YasaStager.load()
    description = read_description(file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if isinstance(description, RecordingDescription):
        return RecordingStager(read_recording_model(file), name, digest)
    saved = read_model(file)
    return Stager(saved.model, saved.description, name, digest)
