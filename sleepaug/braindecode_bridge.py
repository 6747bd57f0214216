"""The former name of `sleepaug.support.braindecode_import` and `sleepaug.models.braindecode`."""

from sleepaug.models.braindecode import braindecode_trunk
from sleepaug.support.braindecode_import import braindecode, import_torchaudio

__all__ = ["braindecode", "braindecode_trunk", "import_torchaudio"]
