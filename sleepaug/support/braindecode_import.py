"""The only module that imports braindecode, so that it loads beside any torch.

braindecode imports torchaudio, whose compiled extension does not load beside a CPU-only torch
(`OSError: libc10_cuda.so`) or beside a newer CUDA torch (`RuntimeError` on the CUDA version).
braindecode uses only torchaudio's pure-Python functions. Where the extension does not load, a
stand-in module states that there is none, and torchaudio runs its pure-Python code.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import mne

__all__ = ["braindecode", "import_torchaudio"]
log = logging.getLogger(__name__)


def import_torchaudio() -> ModuleType:
    """Import torchaudio, without its compiled extension where that does not load."""
    try:
        import torchaudio
    except (OSError, RuntimeError) as error:
        for name in [n for n in sys.modules if n.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules["torchaudio._extension"] = _no_extension()
        import torchaudio

        log.debug("torchaudio's compiled extension does not load and is not used: %s", error)
    return torchaudio


def _no_extension() -> ModuleType:
    """Make the module `_extension` as in a build of torchaudio without compiled code."""
    module = ModuleType("torchaudio._extension", "Stand-in: no compiled extension available.")

    def unavailable(function: Callable) -> Callable:
        def fail(*args: Any, **kwargs: Any) -> Any:
            raise RuntimeError(f"{function.__name__} needs torchaudio's compiled extension.")

        return fail

    module._IS_TORCHAUDIO_EXT_AVAILABLE = False  # type: ignore[attr-defined]
    module._IS_ALIGN_AVAILABLE = False  # type: ignore[attr-defined]
    module.fail_if_no_align = unavailable  # type: ignore[attr-defined]
    return module


# Deprecations in its dependencies do not concern users; MNE prints them on standard output.
with warnings.catch_warnings(), mne.utils.use_log_level("error"):
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.simplefilter("ignore", FutureWarning)
    import_torchaudio()
    import braindecode
    import braindecode.augmentation
    import braindecode.models
