"""EEG sleep staging that learns its data augmentation while it trains."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sleepaug.data.recording import Recording as Recording
    from sleepaug.data.windows import Windows as Windows
    from sleepaug.simulation.night import simulate_night as simulate_night
    from sleepaug.staging.hypnogram.hypnogram import Hypnogram as Hypnogram
    from sleepaug.staging.loading import load_model as load_model
    from sleepaug.staging.stager import Stager as Stager
    from sleepaug.support.errors import RecordingError as RecordingError
    from sleepaug.training.estimator import WindowClassifier as WindowClassifier

_HOME = {
    "ConfigError": "sleepaug.support.errors",
    "Hypnogram": "sleepaug.staging.hypnogram.hypnogram",
    "Recording": "sleepaug.data.recording",
    "RecordingError": "sleepaug.support.errors",
    "Stager": "sleepaug.staging.stager",
    "WindowClassifier": "sleepaug.training.estimator",
    "Windows": "sleepaug.data.windows",
    "load_model": "sleepaug.staging.loading",
    "simulate_night": "sleepaug.simulation.night",
}
__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    """Load public names when they are first used, so that `import sleepaug` costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'sleepaug' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
