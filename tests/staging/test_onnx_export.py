"""Exported networks give in onnxruntime what stagers give, and say what they need."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import mne
import numpy as np
import pytest
import torch
from command_line import run
from model_file import CHANNELS, described, write_model

import sleepaug
from sleepaug.augment import AugmentedModel
from sleepaug.augment.augnet import AugNetSettings
from sleepaug.augment.eeg import applicable
from sleepaug.data.signals.continuous import signals as continuous_signals
from sleepaug.data.signals.night import night_windows
from sleepaug.models.description import Description
from sleepaug.models.files import save_model
from sleepaug.models.recording_features import recording_features
from sleepaug.models.trunks import make_trunk
from sleepaug.staging import onnx_export
from sleepaug.staging.onnx_export import export_onnx
from sleepaug.support.errors import ConfigError, ModelError

PAGE = Path(__file__).parents[2] / "docs" / "commands" / "export.md"


@pytest.fixture(scope="module")
def onnxruntime():
    pytest.importorskip("onnxscript")
    return pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def raw():
    """An hour that holds several stages, of another person than that of the check."""
    return sleepaug.simulate_night(3, hours=1, ch_names=list(CHANNELS))


@pytest.fixture(scope="module")
def chambon(onnxruntime, tmp_path_factory):
    """A model of windows, its ONNX file, and what was said."""
    folder = tmp_path_factory.mktemp("chambon")
    model = write_model(folder / "m.safetensors")
    said = run("export", model, "--to=onnx", "-o", folder / "m.onnx").stdout
    return model, folder / "m.onnx", said


def probabilities(onnxruntime, path, **inputs):
    (computed,) = onnxruntime.InferenceSession(path).run(None, inputs)
    return computed


def about(onnxruntime, path):
    """The description, which is the same in the file and beside it."""
    metadata = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    assert json.loads(metadata["sleepaug"]) == json.loads(path.with_suffix(".json").read_text())
    return json.loads(metadata["sleepaug"])


def blocks():
    """The examples of the page."""
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_network_of_chambon_gives_the_same_and_says_what_it_needs(onnxruntime, chambon, raw):
    model, path, said = chambon
    assert re.search(r"the same stage in 60 of 60 windows; .* differ by \de-\d\d at most", said)
    stager = sleepaug.load_model(model)
    own = stager.predict(raw, context="none")
    x = night_windows(raw, stager.preprocessing).x
    computed = probabilities(onnxruntime, path, windows=x)
    np.testing.assert_allclose(computed, own.probabilities, atol=1e-5)
    one = probabilities(onnxruntime, path, windows=x[:1])  # any number of windows will do
    np.testing.assert_allclose(one, computed[:1], atol=1e-6)
    said_of_it = about(onnxruntime, path)
    assert said_of_it["model"] == stager.sources[0].to_json()
    assert said_of_it["channels"] == list(CHANNELS)
    assert said_of_it["sfreq"] == 100.0
    assert said_of_it["stages"] == ["W", "N1", "N2", "N3", "R"]
    assert said_of_it["inputs"]["windows"]["shape"] == ["n_windows", 6, 3000]
    assert "pass band up to 30 Hz" in said_of_it["steps"][1]
    assert "missing" in said_of_it["steps"][0]  # this model goes on without some channels


def test_the_example_of_the_page_stages_with_onnxruntime_alone(chambon, raw, monkeypatch):
    model, path, _ = chambon
    monkeypatch.chdir(path.parent)
    path.with_name("model.onnx").write_bytes(path.read_bytes())
    stager = sleepaug.load_model(model)
    signals, _ = continuous_signals(raw, stager.preprocessing)
    scope = {"signals": signals}
    exec(compile(blocks()[0], "export.md", "exec"), scope)
    own = stager.predict(raw, context="none")
    assert scope["stages"] == own.stages.tolist()
    np.testing.assert_allclose(scope["probabilities"], own.probabilities, atol=1e-4)


@pytest.mark.slow
def test_the_shipped_models_give_the_same_stages(onnxruntime, raw, tmp_path):
    for name in ("spectral", "default"):
        export_onnx(name, tmp_path / f"{name}.onnx")
    stager = sleepaug.load_model("spectral")
    x = night_windows(raw, stager.preprocessing).x
    x[::3, 1:] = 0  # channels that are missing
    own = stager.log_probabilities(x)
    computed = probabilities(onnxruntime, tmp_path / "spectral.onnx", windows=x)
    assert len(set(own.argmax(axis=1))) > 2
    assert np.array_equal(computed.argmax(axis=1), own.argmax(axis=1))

    model = sleepaug.load_model("default").model
    features = recording_features(raw)
    places, windows = features.montage.places(), features.night.x
    for n_windows, n_chans in ((1, 1), (120, 6), (700, 3)):  # long ones are thinned for quantiles
        x, part = (
            np.resize(v, (n_windows, *v.shape[1:]))[:, :n_chans].copy()
            for v in (features.x, windows)
        )
        x[::5, 0], part[::5, 0, 700:] = np.nan, np.nan
        own = model.probabilities(x, places[:n_chans])
        computed = probabilities(
            onnxruntime, tmp_path / "default.onnx", windows=part, places=places[:n_chans]
        )
        np.testing.assert_allclose(computed, own, atol=1e-5)
        assert np.array_equal(computed.argmax(axis=1), own.argmax(axis=1))
    said = about(onnxruntime, tmp_path / "default.onnx")
    by_place = dict(zip(features.montage.names, places.tolist(), strict=True))
    assert said["places"]["C3"] == pytest.approx(by_place["C3"], abs=1e-5)
    assert "pass band up to 22 Hz" in said["steps"][1]


@pytest.mark.slow
def test_the_example_of_the_page_stages_a_recording_with_mne(onnxruntime, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    night = sleepaug.simulate_night(5, hours=4, ch_names=["C3", "F4"])
    night.rename_channels(dict(zip(night.ch_names, ("C3", "F4"), strict=True)))
    mne.export.export_raw("night.edf", night, verbose="error")
    run("export", "default", "--to=onnx", "-o", "default.onnx")
    own = sleepaug.load_model("default").predict("night.edf")
    scope = {}
    exec(compile(blocks()[1], "export.md", "exec"), scope)
    assert len(set(own.stages)) > 3
    assert np.mean(scope["stages"] == own.stages) > 0.98


def test_of_a_model_with_augnet_the_trunk_is_exported_and_that_is_said(onnxruntime, tmp_path):
    settings = AugNetSettings(layers=[["channels_dropout"], ["gaussian_noise"]], magnitude=0.5)
    channels = ("C3", "C4")
    trunk = make_trunk("chambon2018", n_chans=2, n_times=3000, sfreq=100.0, n_classes=5)
    augment = settings.build(applicable(100.0, channels, "paper"))
    values = described(
        channels=channels,
        preprocessing={"channels": channels},
        augmentation={"name": "augnet", "layers": settings.layers, "magnitude": 0.5},
        ranges="paper",
        copies_eval=3,
    )
    description = replace(Description.from_json(values), sleepaug="0")
    save_model(tmp_path / "m.safetensors", AugmentedModel(augment, trunk), description)
    notes = export_onnx(tmp_path / "m.safetensors", tmp_path / "m.onnx")
    assert re.search(r"averages over 3 .* its trunk alone.* \d+% of the windows", notes[1])
    x = np.random.default_rng(0).standard_normal((4, 2, 3000)).astype("float32")
    expected = torch.softmax(trunk.eval()(torch.tensor(x)) / 2.0, -1)
    computed = probabilities(onnxruntime, tmp_path / "m.onnx", windows=x)
    np.testing.assert_allclose(computed, expected.detach(), atol=1e-5)
    assert about(onnxruntime, tmp_path / "m.onnx")["notes"] == notes[:2]


def test_several_models_are_refused(onnxruntime, tmp_path):
    with pytest.raises(ModelError, match="default, spectral: expected one model"):
        export_onnx("default,spectral", tmp_path / "two.onnx")


def test_an_export_that_gives_something_else_is_not_written(chambon, tmp_path, monkeypatch):
    model, _, _ = chambon
    real = onnx_export.export_of

    def wrong(stager):
        export = real(stager)
        return replace(export, probabilities=np.roll(export.probabilities, 1, axis=1))

    monkeypatch.setattr(onnx_export, "export_of", wrong)
    with pytest.raises(ModelError, match="other probabilities than torch"):
        export_onnx(model, tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_mistakes_are_said_before_anything_is_done(tmp_path, monkeypatch):
    model = write_model(tmp_path / "m.safetensors")
    command = ("export", model, "--to=onnx")
    assert "-o model.onnx" in run(*command, code=2).output
    assert "ends in .onnx" in run(*command, "-o", tmp_path / "m.json", code=2).output
    (tmp_path / "m.json").touch()
    said = run(*command, "-o", tmp_path / "m.onnx", code=2).output
    assert "m.json: already exists" in said
    assert "--overwrite" in said
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ConfigError, match=r"pip install 'sleepaug\[onnx\]'"):
        export_onnx(model, tmp_path / "new.onnx")
    assert not (tmp_path / "new.onnx").exists()
