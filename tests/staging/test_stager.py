"""Staging: channels left out, calibrated and smoothed; model files of friends and of strangers."""

import contextlib
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

import sleepaug
from sleepaug.augment import AugmentedModel, Identity
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.experiments.run import drops_channels
from sleepaug.models import cards as model_cards
from sleepaug.models import files as model_files
from sleepaug.models.trunks import make_trunk
from sleepaug.staging.nights import find_nights
from sleepaug.support.errors import ModelError, RecordingError
from sleepaug.support.settings import plain

CHANNELS = ("C3", "C4", "F3", "F4", "O1", "O2")


def described(**more):
    return {
        "channels": list(CHANNELS),
        "sfreq": 100.0,
        "trunk": "chambon2018",
        "trunk_options": {},
        "preprocessing": plain(Preprocessing()),
        "augmentation": None,
        "copies_eval": 1,
        "method": "fixed",
        "missing_channels": "zero",
        "temperature": {"none": 2.0, "transitions": 3.0},
        "prior": None,
        "trained_on": {"data": "simulated", "n_windows": 7},
        **more,
    }


def write_model(path, **more):
    torch.manual_seed(0)
    trunk = make_trunk("chambon2018", n_chans=6, n_times=3000, sfreq=100.0, n_classes=5)
    model_files.save_model(path, AugmentedModel(Identity(), trunk.eval()), described(**more))
    return path


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A folder as `sleepaug/pretrained` is."""
    folder = tmp_path_factory.mktemp("pretrained")
    write_model(folder / "default.safetensors")
    (folder / "default.md").write_text("# The card\n\nFor research, not for diagnosis.\n")
    return folder


@pytest.fixture
def installed(shipped, monkeypatch):
    found = {file.stem: file for file in shipped.glob("*.safetensors")}
    monkeypatch.setattr(model_cards, "shipped_models", lambda: found)


@pytest.fixture
def night(nights):
    return next(nights.glob("*PSG.edf"))


def test_the_shipped_model_is_used_where_none_is_named(installed, night):
    stager = sleepaug.load_model()
    assert stager.allow_missing
    assert len(stager.predict(night)) == 40
    assert "default: C3, C4, F3, F4, O1, O2" in run("models").stdout
    assert "# The card" in run("models", "default").stdout


def test_without_a_shipped_model_that_is_said(monkeypatch):
    monkeypatch.setattr(model_cards, "shipped_models", dict)
    with pytest.raises(ModelError, match="--model"):
        sleepaug.load_model()
    assert "No model ships" in run("models").stdout


def test_a_saved_model_describes_itself(tmp_path):
    path = write_model(tmp_path / "m.safetensors", method="\x1b[31maugnet")
    text = run("models", path).stdout
    assert "7 windows of simulated data" in text
    assert "\x1b" not in text


def test_any_subset_of_channels_is_staged_as_if_the_others_were_zero(installed, night, tmp_path):
    import edfio

    stager = sleepaug.load_model()
    whole = edfio.read_edf(night)
    for kept in (["C4"], ["O1", "F3"]):
        signals = [s for s in whole.signals if s.label.split()[1].split("-")[0] in kept]
        edfio.Edf(signals).write(tmp_path / "part.edf")
        part = stager.predict(tmp_path / "part.edf", context="none")
        from sleepaug.data.signals.night import night_windows

        x = night_windows(night, stager.preprocessing).x.copy()
        x[:, [k for k, name in enumerate(CHANNELS) if name not in kept]] = 0
        with torch.no_grad():
            expected = (stager.model(torch.from_numpy(x)) / 2.0).softmax(-1).numpy()
        np.testing.assert_allclose(part.probabilities, expected, atol=1e-4)
        gone = [n for n in part.notes if "not in the recording" in n]
        assert len(gone) == 6 - len(kept)
    edfio.Edf([whole.signals[0]]).write(tmp_path / "x.edf")
    with pytest.raises(RecordingError, match="mapped to X"):
        stager.predict(tmp_path / "x.edf", map={"O2": "X"})


def test_a_model_that_was_not_taught_to_refuses_a_subset(tmp_path, night):
    import edfio

    stager = sleepaug.load_model(write_model(tmp_path / "m.safetensors", missing_channels="refuse"))
    edfio.Edf([edfio.read_edf(night).signals[0]]).write(tmp_path / "x.edf")
    with pytest.raises(RecordingError, match="channel 'C4' not found"):
        stager.predict(tmp_path / "x.edf")


def test_temperature_and_context_are_those_of_the_file(installed, night):
    from sleepaug.data.signals.night import night_windows
    from sleepaug.staging.context import Transitions, smooth

    stager = sleepaug.load_model()
    logits = stager.log_probabilities(night_windows(night, stager.preprocessing).x)
    by = {t: torch.tensor(logits / t).softmax(-1).numpy() for t in (2.0, 3.0)}
    alone = stager.predict(night, context="none").probabilities
    np.testing.assert_allclose(alone, by[2.0], atol=1e-6)
    together = stager.predict(night).probabilities
    np.testing.assert_allclose(
        together, smooth(by[3.0], Transitions.shipped().tempered()), atol=1e-6
    )


@pytest.mark.parametrize(
    ("learned", "drops"),
    [
        ({"policy": [[["gaussian_noise", 0.5, 0.5]], [["channels_dropout", 0.5, 0.5]]]}, True),
        ({"policy": [[["channels_dropout", 0.5, 0.0]]]}, False),
        ({"layers": [[{"transform": "channels_dropout", "weight": 0.9, "magnitude": 0.4}]]}, True),
        ({"layers": [[{"transform": "channels_dropout", "weight": 0.0, "magnitude": 0.4}]]}, False),
        ({}, False),
    ],
)
def test_who_was_taught_to_go_without_channels(learned, drops):
    assert drops_channels(learned) is drops


def test_training_writes_temperatures_and_the_flag(nights, tmp_path):
    (tmp_path / "c.yaml").write_text(
        "method: {name: fixed, policy: [[[channels_dropout, 0.5, 0.5]]]}\n"
        "training: {epochs: 1, class_weights: none}\nrun: {device: cpu}\n"
    )
    run(
        "train",
        tmp_path / "c.yaml",
        "--data=mass",
        "--data-dir",
        nights,
        "-o",
        tmp_path / "run",
        "--channels=C3,O1",
    )
    told = sleepaug.load_model(tmp_path / "run").description
    assert told["missing_channels"] == "zero"
    assert set(told["temperature"]) == {"none", "transitions"}
    assert sum(told["prior"]) == pytest.approx(1)


def test_a_night_with_nothing_to_score_ends_in_3_and_is_written(installed, tmp_path):
    import edfio

    dead = edfio.EdfSignal(np.full(6000, 5.0), 100, label="C3", physical_dimension="uV",
                           physical_range=(-500, 500))  # fmt: skip
    edfio.Edf([dead]).write(tmp_path / "dead.edf")
    forms = "--to=csv,edf,bids,png,svg,html,json"
    result = run("predict", tmp_path / "dead.edf", "-o", tmp_path / "o", forms, code=3)
    assert "2 not scored (C3: flat: 2)" in result.stdout
    table = (tmp_path / "o" / "dead.hypnogram.csv").read_text().splitlines()
    assert table[1].split(",")[4] == "?"
    assert len(list((tmp_path / "o").iterdir())) == 8


def test_folders_jobs_summary_and_json(shipped, nights, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for file in sorted(nights.glob("*.edf"))[:4]:
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "bad.edf").write_bytes(b"0       ")
    model = shipped / "default.safetensors"
    found = find_nights([folder])
    assert [p.name for p in found] == ["01-03-0001 PSG.edf", "01-03-0002 PSG.edf", "bad.edf"]
    args = ("predict", folder, "--model", model, "--to=csv", "--defer=10%", "--json")
    one = run(*args, "-o", tmp_path / "one", code=1)
    two = run(*args, "-o", tmp_path / "two", "--jobs=2", code=1)
    told = json.loads(one.stdout)
    assert [night.get("error", "")[-40:] for night in told][:2] == ["", ""]
    assert "truncated" in told[2]["error"]
    assert len(told[0]["look_first"]) == 4
    for name in ("01-03-0001 PSG.hypnogram.csv", "01-03-0002 PSG.hypnogram.csv"):
        a, b = (np.loadtxt(tmp_path / d / name, delimiter=",", skiprows=1, usecols=range(6, 11))
                for d in ("one", "two"))  # fmt: skip
        np.testing.assert_allclose(a, b, atol=1e-3)  # one thread or several
    rows = (tmp_path / "two" / "summary.csv").read_text().splitlines()
    assert len(rows) == 4
    assert "2 of 3 nights staged" in two.stderr
    refused = run(*args, "-o", tmp_path / "one", code=2)
    assert "already exists" in refused.output


def test_lights_and_context_are_options(installed, night, tmp_path):
    lights = ("--lights-off=22:35", "--lights-on=900")
    result = run("predict", night, "-o", tmp_path / "o", *lights, "--to=json", "--context=none")
    told = json.loads((tmp_path / "o" / f"{night.stem}.summary.json").read_text())
    assert told["statistics"]["TIB"] == 10
    assert told["statistics_are"] == "from lights off to lights on"
    assert "Neighbouring" not in result.stdout
    for bad in (
        ["--lights-off=x"],
        ["--defer=200%"],
        ["--to=doc"],
        ["--lights-off=9", "--lights-on=3"],
        ["--to="],
        ["--to=csv,,png"],
    ):
        run("predict", night, "-o", tmp_path / "p", *bad, code=2)
    reversed_ = ("--lights-off=23:00", "--lights-on=22:35")
    refused = run("predict", night, "-o", tmp_path / "r", *reversed_, code=1)
    assert "is not after" in refused.output
    late = run("predict", night, "-o", tmp_path / "late", "--lights-off=99999", code=1)
    assert "the recording has ended by then" in late.output
    assert not (tmp_path / "late").exists()


def test_a_time_of_day_is_an_error_of_the_undated_night_alone(installed, night, tmp_path):
    undated = bytearray(night.read_bytes())
    undated[168:176] = b"no date "
    nights = tmp_path / "nights"
    nights.mkdir()
    (nights / "a.edf").write_bytes(undated)
    shutil.copy(night, nights / "b.edf")
    result = run("predict", nights, "-o", tmp_path / "o", "--lights-off=22:35", "--to=csv", code=1)
    assert "does not say at what time it starts" in result.output
    assert "1 of 2 nights staged" in result.output
    assert [file.name for file in (tmp_path / "o").glob("*.hypnogram.csv")] == ["b.hypnogram.csv"]


@pytest.mark.parametrize("command", ["predict", "evaluate", "inspect"])
def test_a_map_of_a_channel_the_model_lacks_is_refused_by_all(installed, night, tmp_path, command):
    about = {
        "predict": ("predict", night, "-o", tmp_path / "o"),
        "evaluate": ("evaluate", "default", "--data=mass", f"--data-dir={night.parent}"),
        "inspect": ("inspect", night),
    }[command]
    refused = run(*about, "--map=Q9=foo", code=2)
    assert "map.Q9: no such channel is asked for" in refused.output


LIES = {
    "channels": ["a"] * 1000,
    "channels of another kind": 7,
    "sfreq": 1e9,
    "copies_eval": 10**9,
    "trunk": "os.system",
    "trunk_options": {"drop_prob": 1e99},
    "trunk_options unknown": {"n": 1},
    "prior": [0, 0, 0, 0, 1],
    "temperature": {"none": 0},
    "augmentation": {"name": "nothing like that"},
    "preprocessing": {"channels": ["C3"], "sfreq": 100},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_model_file_that_lies_is_refused(tmp_path, lie):
    key = lie.split()[0]
    path = write_model(tmp_path / "m.safetensors", **{key: LIES[lie]})
    with pytest.raises(ModelError, match="not a model of sleepaug"):
        sleepaug.load_model(path)


@pytest.mark.parametrize("key", ["preprocessing", "trunk", "augmentation", "channels", "sfreq"])
def test_a_model_file_that_lacks_something_is_refused(tmp_path, key):
    told = {name: value for name, value in described().items() if name != key}
    told = {"sleepaug": json.dumps(told)}
    save_file({"w": torch.zeros(1)}, tmp_path / "a", metadata=told)
    with pytest.raises(ModelError, match="not a model of sleepaug"):
        sleepaug.load_model(tmp_path / "a")


def test_weights_of_another_shape_or_not_finite_are_refused(tmp_path):
    told = {"sleepaug": json.dumps(described())}
    save_file({"trunk.final_layer.weight": torch.zeros(5, 9)}, tmp_path / "a", metadata=told)
    with pytest.raises(ModelError, match="not those of the network"):
        sleepaug.load_model(tmp_path / "a")
    good = sleepaug.load_model(write_model(tmp_path / "m.safetensors")).model.state_dict()
    good["trunk.final_layer.bias"][0] = float("nan")
    save_file(good, tmp_path / "b", metadata=told)
    with pytest.raises(ModelError, match="finite"):
        sleepaug.load_model(tmp_path / "b")


def test_a_header_that_promises_more_than_the_file_holds(tmp_path):
    header = json.dumps({"w": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}})
    path = tmp_path / "big.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode())
    with pytest.raises(ModelError, match="not a model file"):
        sleepaug.load_model(path)
    path.write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    with pytest.raises(ModelError, match="not a model file"):
        sleepaug.load_model(path)


@pytest.fixture(scope="module")
def bytes_of_a_model(shipped) -> bytes:
    return (shipped / "default.safetensors").read_bytes()


@given(
    st.lists(st.tuples(st.integers(0, 3500), st.binary(min_size=1, max_size=6)), max_size=4),
    st.one_of(st.none(), st.integers(0, 5000)),
)
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_damaged_model_files_give_our_errors_and_no_other(
    tmp_path: Path, bytes_of_a_model: bytes, changes: list[tuple[int, bytes]], kept: int | None
) -> None:
    data = bytearray(bytes_of_a_model)
    for at, content in changes:
        data[at : at + len(content)] = content
    path = tmp_path / "m.safetensors"
    path.write_bytes(data[:kept])
    with contextlib.suppress(ModelError):
        assert len(sleepaug.load_model(path).description["channels"]) == 6


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(described())), JSON)
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_description_is_a_model_or_our_error(tmp_path: Path, key: str, value: object) -> None:
    path = write_model(tmp_path / "m.safetensors", **{key: value})
    with contextlib.suppress(ModelError):
        sleepaug.load_model(path)


@pytest.mark.parametrize("context", ["none", "transitions"])
def test_evaluate_scores_what_predict_gives(shipped, nights, context):
    model = shipped / "default.safetensors"
    args = ("--data=mass", "--data-dir", nights, "--context", context, "--json")
    told = json.loads(run("evaluate", model, *args).stdout)
    stager = sleepaug.load_model(model)
    for night in nights.glob("*PSG.edf"):
        stages = stager.predict(night, context=context).stages
        found = told["nights"][night.name.split()[0]]["confusion"]
        counts = [int((stages == s).sum()) for s in ("W", "N1", "N2", "N3", "R")]
        assert np.sum(found, axis=0).tolist() == counts
    assert 0 <= told["calibration_error"] <= 1


def test_evaluate_takes_a_subset_of_channels(shipped, tmp_path, real_data):
    model = shipped / "default.safetensors"
    args = ("--data=dreams", "--data-dir", real_data / "dreams", "--map", "C3=C3-A1|CZ-A1")
    told = json.loads(run("evaluate", model, *args, "--json").stdout)
    assert told["n_windows"] == 360
