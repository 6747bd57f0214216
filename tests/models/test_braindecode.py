"""braindecode loads beside any torch: with torchaudio's extension, and without it."""

import subprocess
import sys

import pytest
import torch

from sleepaug.models.braindecode import braindecode_trunk
from sleepaug.support.errors import ConfigError

LOADS = """
import sys
{before}
from sleepaug.models.braindecode import braindecode_trunk
import torch, torchaudio.functional
trunk = braindecode_trunk(
    "SleepStagerChambon2018", n_chans=2, n_times=3000, sfreq=100.0, n_classes=5
)
assert trunk(torch.zeros(3, 2, 3000)).shape == (3, 5)
x = torch.randn(1, 100)
a, b = torch.tensor([1.0, 0.5]), torch.tensor([1.0, 0.0])
y = torchaudio.functional.lfilter(x, a, b, clamp=False)
assert torch.allclose(y[:, 1:], x[:, 1:] - 0.5 * y[:, :-1], atol=1e-5)
{after}
"""
BROKEN = """
import importlib.abc, importlib.machinery, types
class Break(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name == "torchaudio._extension":
            return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        raise {error}
sys.meta_path.insert(0, Break())
"""
WORKING = """
import importlib.abc, importlib.machinery
class Give(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name == "torchaudio._extension":
            return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        module.own = True
        module._IS_TORCHAUDIO_EXT_AVAILABLE = False
        module.fail_if_no_align = lambda function: function
sys.meta_path.insert(0, Give())
"""


def run(before: str, after: str = "") -> str:
    code = LOADS.format(before=before, after=after)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "error", ["OSError('libc10_cuda.so')", "RuntimeError('CUDA version mismatch')"]
)
def test_an_extension_that_does_not_load_is_replaced_and_said_once_at_debug_level(error):
    said = run(
        "import logging; logging.basicConfig(level='DEBUG', stream=sys.stdout)\n"
        + BROKEN.format(error=error),
        "assert sys.modules['torchaudio._extension'].__doc__.startswith('Stand-in')\n"
        "from sleepaug.support.braindecode_import import import_torchaudio; import_torchaudio()",
    )
    assert said.count("compiled extension does not load") == 1
    assert "DEBUG:sleepaug.support.braindecode_import" in said


def test_an_extension_that_loads_is_kept():
    run(WORKING, "assert sys.modules['torchaudio._extension'].own")


def test_another_error_is_not_hidden():
    with pytest.raises(AssertionError, match="ImportError: something else"):
        run(BROKEN.format(error="ImportError('something else')"))


SHAPE = {"n_chans": 2, "n_times": 3000, "sfreq": 100.0, "n_classes": 5}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("AttnSleep", "AttnSleep does not take 2 channel.*takes one channel only"),
        ("SignalJEPA", "needs the positions of the electrodes.*It says: chs_info"),
        ("HybridNet", r"two windows give \(2, 5, \d+\), where \(2, 5\) is expected"),
        ("EEGModuleMixin", "braindecode has no model 'EEGModuleMixin'"),
        ("SleepStagerBlanco", "Did you mean .*SleepStagerBlanco2020"),
    ],
)
def test_a_model_that_does_not_fit_says_what_it_needs(name, words):
    with pytest.raises(ConfigError, match=words) as error:
        braindecode_trunk(name, **SHAPE)
    assert error.value.parameters[0] == "trunk"


def test_a_model_that_is_tried_is_as_if_it_was_not():
    torch.manual_seed(0)
    tried = braindecode_trunk("SleepStagerBlanco2020", **SHAPE)
    torch.manual_seed(0)
    import braindecode.models

    plain = braindecode.models.SleepStagerBlanco2020(
        n_chans=2, n_outputs=5, n_times=3000, sfreq=100.0
    )
    assert tried.training
    for name, value in plain.state_dict().items():
        assert torch.equal(tried.state_dict()[name], value), name


@pytest.mark.slow
def test_every_model_fits_or_says_why():
    from sleepaug.support.braindecode_import import braindecode

    messages, fitting = {}, []
    for name in dir(braindecode.models):
        try:
            fitting.append(braindecode_trunk(name, **SHAPE).eval())
        except ConfigError as error:
            messages[name] = str(error)
    assert len(fitting) > 30
    assert all(trunk(torch.zeros(2, 2, 3000)).shape == (2, 5) for trunk in fitting)
    assert all(name in message for name, message in messages.items())
