"""A recording that is written in another way is staged as before; one that is moved, moves."""

import datetime

import mne
import numpy as np
import pytest

import sleepaug
from sleepaug.simulation.night import simulate_night

BEGINS = datetime.datetime(2021, 3, 2, 22, 30, tzinfo=datetime.UTC)
CROPPED = 4  # windows
MODELS = ("default", "spectral")


@pytest.fixture(scope="module")
def night():
    """Half an hour of two channels."""
    raw = simulate_night(3, hours=0.5, ch_names=["C3", "O2"])
    return raw.rename_channels(dict(zip(raw.ch_names, ["C3-A2", "O2-A1"], strict=True)))


def written(raw, path, *, unit="uV", names=None, order=None, start=BEGINS):
    """Write signals by hand of edfio, so that unit, names and order are free."""
    import edfio

    x = raw.get_data() / {"V": 1, "mV": 1e-3, "uV": 1e-6}[unit]
    signals = [
        edfio.EdfSignal(
            row, raw.info["sfreq"], label=name, physical_dimension=unit,
            physical_range=(-abs(x).max(), abs(x).max()),
        )
        for row, name in zip(x, names or raw.ch_names, strict=True)
    ]  # fmt: skip
    signals = [signals[k] for k in order or range(len(signals))]
    header = {"recording": edfio.Recording(startdate=start.date()), "starttime": start.time()}
    edfio.Edf(signals, **header).write(path)
    return path


@pytest.fixture(scope="module", params=MODELS)
def stage(request):
    model = sleepaug.load_model(request.param)
    return model.predict


@pytest.fixture(scope="module")
def base(night, stage, tmp_path_factory):
    return stage(written(night, tmp_path_factory.mktemp("base") / "n.edf"))


CHANGES = {
    "mV": {"unit": "mV"},
    "V": {"unit": "V"},
    "names": {"names": ["EEG C3:M2", "eeg o2-m1"]},
    "order": {"order": [1, 0]},
}


@pytest.mark.parametrize("change", CHANGES)
def test_units_names_and_order_change_nothing(change, night, stage, base, tmp_path):
    hypnogram = stage(written(night, tmp_path / "n.edf", **CHANGES[change]))
    assert np.array_equal(hypnogram.stages, base.stages)
    assert np.allclose(hypnogram.probabilities, base.probabilities, atol=0.02, equal_nan=True)
    assert hypnogram.start == base.start


def test_a_later_start_moves_the_clock_and_nothing_else(night, stage, base, tmp_path):
    later = BEGINS + datetime.timedelta(hours=2)
    hypnogram = stage(written(night, tmp_path / "n.edf", start=later))
    assert np.array_equal(hypnogram.probabilities, base.probabilities, equal_nan=True)
    assert hypnogram.start - base.start == datetime.timedelta(hours=2)
    assert np.array_equal(hypnogram.onset, base.onset)


def as_raw(night):
    return mne.io.RawArray(night.get_data(), night.info, verbose="error"), {}


def as_epochs(night):
    return mne.make_fixed_length_epochs(night, 30.0, verbose="error"), {}


def as_array(night):
    return night.get_data(units="uV"), {"unit": "uV", **stated(night)}


def as_windows(night):
    return as_epochs(night)[0].get_data(), stated(night)


def stated(night):
    return {"sampling_rate": night.info["sfreq"], "channel_names": night.ch_names}


@pytest.mark.parametrize("kind", [as_raw, as_epochs, as_array, as_windows])
def test_signals_in_memory_are_staged_as_their_file(kind, night, stage, base):
    source, options = kind(night)
    hypnogram = stage(source, **options)
    assert np.array_equal(hypnogram.stages, base.stages)  # a file holds 16 bits, hence 0.01
    np.testing.assert_allclose(hypnogram.probabilities, base.probabilities, atol=0.01)
    assert hypnogram.made.channels == base.made.channels
    assert (hypnogram.name, hypnogram.start) == ("", None)


@pytest.mark.parametrize("kind", ["cropped", "resampled"])
def test_cropping_and_resampling_change_little(kind, night, stage, base, tmp_path):
    """Windows around those that are cut help to stage the rest, so a few may change."""
    if kind == "cropped":
        raw = night.copy().crop(tmin=30.0 * CROPPED)
    else:
        raw = night.copy().load_data().resample(125, verbose="error")
    hypnogram = stage(written(raw, tmp_path / "n.edf"))
    first = CROPPED if kind == "cropped" else 0
    expected = base.stages[first:]
    assert abs(len(hypnogram) - len(expected)) <= 1  # the last may be short
    n = min(len(hypnogram), len(expected))
    assert np.mean(hypnogram.stages[:n] == expected[:n]) > 0.75
    shifted = np.mean(hypnogram.stages[: n - 3] == base.stages[first + 3 :][: n - 3])
    assert shifted < np.mean(hypnogram.stages[:n] == expected[:n])
