"""Names of channels and where their electrodes are."""

import numpy as np
import pytest

from sleepaug.simulation.channels import MASS_CHANNELS, full_name, resolve_channels, site
from sleepaug.simulation.head import PLACES, background_mixing, eye_mixing
from sleepaug.simulation.night import simulate_night
from sleepaug.support.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "full", "electrodes"),
    [
        ("C3", "EEG C3-CLE", "C3"),
        ("EEG C3-CLE", "EEG C3-CLE", "C3"),
        ("T7", "EEG T7-CLE", "T3"),
        ("P8-M1", "EEG P8-M1", "T6-M1"),
        ("EEG Fpz-Cz", "EEG Fpz-Cz", "Fpz-Cz"),
        ("AF7-Fpz", "EEG AF7-Fpz", "AF7-Fpz"),
        ("LOC-A2", "EOG LOC-A2", "E1-A2"),
        ("E2", "EOG E2", "E2"),
        ("Left Horiz", "EOG Left Horiz", "Left Horiz"),
        ("EOG horizontal", "EOG horizontal", "Right Horiz-Left Horiz"),
    ],
)
def test_names(name: str, full: str, electrodes: str) -> None:
    assert full_name(name) == full
    assert site(full) == electrodes


@pytest.mark.parametrize("wrong", ["C9", "C3-C3", "T7-T3", "C3-A1-A2", "", "eeg"])
def test_what_is_no_channel(wrong: str) -> None:
    assert full_name(wrong) is None
    with pytest.raises(ConfigError, match="cannot be simulated"):
        resolve_channels([wrong])


def test_default_is_mass() -> None:
    assert resolve_channels(None) == list(MASS_CHANNELS) == resolve_channels(MASS_CHANNELS)


def test_the_10_10_system_is_on_the_sphere_and_symmetric() -> None:
    rows = [f"{r}{n}" for r in ("F", "FC", "C", "CP", "P", "PO", "AF") for n in range(1, 7)]
    for name in rows:
        mirrored = name[:-1] + str(int(name[-1]) + (1 if int(name[-1]) % 2 else -1))
        np.testing.assert_allclose(PLACES[name] * [-1, 1, 1], PLACES[mirrored], atol=1e-9)
    for place in PLACES.values():
        assert np.linalg.norm(place) == pytest.approx(1)
    order = [PLACES[name][1] for name in ("Fpz", "AFz", "Fz", "FCz", "Cz", "CPz", "Pz", "POz")]
    assert order == sorted(order, reverse=True)
    assert PLACES["F1"][0] > PLACES["F3"][0] > PLACES["F5"][0] > PLACES["F7"][0]


def test_10_10_agrees_with_an_independent_montage() -> None:
    mne = pytest.importorskip("mne")
    montages = mne.channels.get_builtin_montages()
    montage = "colin27_1005" if "colin27_1005" in montages else "standard_1005"
    known = mne.channels.make_standard_montage(montage).get_positions()["ch_pos"]
    names = [name for name in PLACES if name in known and name not in ("A1", "A2", "M1", "M2")]
    theirs = np.stack([known[name] for name in names])
    theirs -= (theirs.max(0) + theirs.min(0)) / 2 * [1, 1, 0]
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    ours = np.stack([PLACES[name] for name in names])
    assert len(names) > 50
    angle = np.degrees(np.arccos(np.clip((ours * theirs).sum(1), -1, 1)))
    assert np.median(angle) < 15
    assert angle.max() < 35


def test_a_difference_is_the_difference_of_its_electrodes() -> None:
    for mixing in (background_mixing, eye_mixing):
        fpz, cz, both = mixing(["Fpz", "Cz", "Fpz-Cz"], "linked-ears")
        np.testing.assert_allclose(fpz - cz, both)


def test_a_wider_derivation_is_larger_and_the_forehead_blinks() -> None:
    wide, narrow = (background_mixing([n], "linked-ears") for n in ("Fpz-Cz", "Pz-Oz"))
    assert (wide**2).sum() > (narrow**2).sum()
    blink = np.abs(eye_mixing(["Fpz-Cz", "Pz-Oz", "AF7-TP7"], "linked-ears")[:, 1])
    assert blink[0] > 10 * blink[1]
    assert blink[2] > 5 * blink[1]


def test_headbands_and_bipolar_eyes_are_simulated() -> None:
    names = ["AF7-Fpz", "Fp1-Fp2", "F4-M1", "E1-M2", "EMG Chin1"]
    raw = simulate_night(3, hours=0.05, ch_names=names, sfreq=64)
    assert raw.get_channel_types() == ["eeg"] * 3 + ["eog", "emg"]
    assert (raw.get_data().std(1) > 1e-6).all()
