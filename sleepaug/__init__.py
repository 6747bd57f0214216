"""EEG sleep staging that learns which transformations leave the meaning of its input unchanged."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sleepaug.data.recording import Recording as Recording
    from sleepaug.data.recording import RecordingError as RecordingError
    from sleepaug.data.windows import Windows as Windows
    from sleepaug.hypnogram import Hypnogram as Hypnogram
    from sleepaug.model_files import load_model as load_model
    from sleepaug.simulation import simulate_night as simulate_night
    from sleepaug.staging import Stager as Stager

_HOME = {
    "ConfigError": "sleepaug.config",
    "Hypnogram": "sleepaug.hypnogram",
    "Recording": "sleepaug.data.recording",
    "RecordingError": "sleepaug.data.recording",
    "Stager": "sleepaug.staging",
    "Windows": "sleepaug.data.windows",
    "load_model": "sleepaug.model_files",
    "simulate_night": "sleepaug.simulation",
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
