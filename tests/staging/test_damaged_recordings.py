"""Damaged headers, annotations and samples: our own errors, little memory, no hang."""

import contextlib
import time
import tracemalloc
from pathlib import Path

import edfio
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sleepaug.augment import AugmentedModel, Identity
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.models.description import Description
from sleepaug.models.trunks import make_trunk
from sleepaug.staging.inspection import inspect_recording
from sleepaug.staging.stager import Stager
from sleepaug.support.errors import RecordingError

FIELDS = (0, 8, 88, 168, 176, 184, 192, 236, 244, 252)  # of the fixed part of the header
WORDS = st.one_of(
    st.binary(min_size=1, max_size=8),
    st.sampled_from(
        [
            *(b"-1      ", b"99999999", b"1e300   ", b"1e10    ", b"1e-9    ", b"nan     "),
            *(b"0       ", b"EDF+D", b"\x1b[2J"),
        ]
    ),
)


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> bytes:
    """One minute of two channels, with annotations."""
    random = np.random.default_rng(0)
    signals = [
        edfio.EdfSignal(random.normal(0, 20, 3840), 64, label=name, physical_dimension="uV",
                        physical_range=(-500, 500))
        for name in ("EEG C3-A2", "EEG C4-A1")
    ]  # fmt: skip
    notes = [edfio.EdfAnnotation(30 * k, 30, f"Sleep stage {s}") for k, s in enumerate("W2")]
    path = tmp_path_factory.mktemp("damaged") / "n.edf"
    edfio.Edf(signals, annotations=notes).write(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def stager() -> Stager:
    trunk = make_trunk("chambon2018", n_chans=2, n_times=3000, sfreq=100.0, n_classes=5)
    channels = ("C3", "C4")
    description = Description(
        missing_channels="zero", channels=channels, preprocessing=Preprocessing(channels)
    )
    return Stager(AugmentedModel(Identity(), trunk, n_copies_eval=1).eval(), description)


@pytest.mark.parametrize(
    "n", [150, pytest.param(4000, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
def test_our_errors_and_no_other(tmp_path: Path, content: bytes, stager: Stager, n: int) -> None:
    path = tmp_path / "n.edf"
    torch.set_num_threads(1)

    @given(
        st.lists(st.tuples(st.sampled_from(FIELDS) | st.integers(0, 1023), WORDS), max_size=4),
        st.lists(st.tuples(st.integers(1024, len(content)), WORDS), max_size=3),
        st.none() | st.integers(0, len(content)),
    )
    @settings(max_examples=n, deadline=None)
    def check(header: list, anywhere: list, length: int | None) -> None:
        data = bytearray(content)
        for at, new in (*header, *anywhere):
            data[at : at + len(new)] = new[: max(len(data) - at, 0)]
        path.write_bytes(data[:length])
        tracemalloc.reset_peak()
        start = time.perf_counter()
        with contextlib.suppress(RecordingError):
            night = stager.predict(path)
            assert len(night.table()) == len(night.stages)
            assert "\x1b" not in night.summary() + "".join(night.notes)
        with contextlib.suppress(RecordingError):
            assert "\x1b" not in inspect_recording(path).text()
        assert time.perf_counter() - start < 60
        assert tracemalloc.get_traced_memory()[1] < 100e6

    tracemalloc.start()
    check()
    tracemalloc.stop()
