"""A recording model: trained small, saved, read back, and staging recordings of any montage."""

import dataclasses

import numpy as np
import pytest
from command_line import run

import sleepaug
from sleepaug.data.signals.features import NAMES
from sleepaug.models.description import TrainedOn
from sleepaug.models.recording_model import read_recording_model, save_recording_model
from sleepaug.simulation.night import simulate_night
from sleepaug.staging.evaluation import EvaluationSettings, evaluate_model
from sleepaug.staging.recording_stager import RecordingStager
from sleepaug.support.errors import ModelError, RecordingError
from sleepaug.training.recordings.fit import (
    RecordingTraining,
    cross_entropy,
    draw_batch,
    fit_networks,
    fit_recording_model,
)
from sleepaug.training.recordings.nights import UNSCORED, ScoredNight
from sleepaug.training.recordings.variation import ALL_OF_IT, Variation, directions, vary

torch = pytest.importorskip("torch")


NONE = Variation(
    gain=0, tilt=0, offset=0, stage=0, stage_gain=0, wake=(0, 0), spread=0, drift=0, noise=0
)


def made_up_night(seed, n_windows=60, n_chans=3):
    """Each stage has a feature that is high in it; the last channel is the chin."""
    rng = np.random.default_rng(seed)
    y = np.repeat(rng.integers(0, 5, n_windows // 6), 6)
    x = rng.normal(0, 1, (n_windows, n_chans, len(NAMES))).astype(np.float32)
    x[np.arange(n_windows), :, y] += 4
    x[3, 1] = np.nan
    places = rng.normal(0, 1, (n_chans, 9)).astype(np.float32)
    places[:, :3] = np.eye(3)[[0] * (n_chans - 1) + [2]]
    y[:2] = UNSCORED
    return ScoredNight(x, places, y)


@pytest.fixture(scope="module")
def model():
    nights = [made_up_night(seed) for seed in range(6)]
    training = RecordingTraining(
        steps=40, shares=2 * (ALL_OF_IT,), n_hidden=16, learning_rate=0.02, variation=NONE
    )
    return fit_recording_model(nights, training, TrainedOn("made-up"))


def test_it_learns_what_there_is_to_learn(model):
    night = made_up_night(99)
    known = night.y != UNSCORED
    for context in (True, False):
        p = model.probabilities(night.x, night.places, context=context)
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
        assert (p.argmax(axis=1) == night.y)[known].mean() > 0.45  # chance is 0.2


def test_offsets_move_the_odds_of_a_stage_in_every_network_and_head():
    nights = [made_up_night(seed) for seed in range(3)]
    training = RecordingTraining(
        steps=3, shares=2 * (ALL_OF_IT,), n_hidden=8, variation=NONE, stage_offsets=(0,) * 5
    )
    offsets = (0.5, 0.0, -0.25, 0.0, 0.0)
    plain = fit_networks(nights, training)
    leaning = fit_networks(nights, dataclasses.replace(training, stage_offsets=offsets))
    x, place = (torch.from_numpy(v)[None] for v in (nights[0].x, nights[0].places))
    with torch.no_grad():
        for before, after in zip(plain, leaning, strict=True):
            for old, new in zip(before.logits(x, place), after.logits(x, place), strict=True):
                torch.testing.assert_close(new - old, torch.tensor(offsets).expand_as(old))
    assert not torch.equal(plain[0].alone.weight, plain[1].alone.weight)  # each has its own seed


def test_the_file_gives_the_same_model_back(model, tmp_path):
    save_recording_model(tmp_path / "m.safetensors", model)
    again = read_recording_model(tmp_path / "m.safetensors")
    night = made_up_night(7)
    for ours, theirs in zip(model.networks, again.networks, strict=True):
        for name, value in ours.state_dict().items():
            assert torch.equal(theirs.state_dict()[name], value.half().float())
    p = again.probabilities(night.x, night.places)
    np.testing.assert_allclose(p, model.probabilities(night.x, night.places), atol=5e-3)
    save_recording_model(tmp_path / "again.safetensors", again)  # rounded once, not twice
    assert (tmp_path / "again.safetensors").read_bytes() == (
        tmp_path / "m.safetensors"
    ).read_bytes()
    assert again.description.trained_on == TrainedOn("made-up")
    rows = np.random.default_rng(0).normal(0, 1, (9, len(NAMES)))
    np.testing.assert_allclose(again.familiarity.distance(rows), model.familiarity.distance(rows))


@pytest.mark.parametrize("lie", [{"n_networks": 3}, {"n_networks": 99}, {"n_hidden": 10**9}])
def test_a_file_that_lies_is_refused(model, lie, tmp_path):
    path = tmp_path / "m.safetensors"
    save_recording_model(path, model)
    data = path.read_bytes()
    for key, value in lie.items():
        honest = f'\\"{key}\\": {len(model.networks) if key == "n_networks" else 16}'
        assert honest.encode() in data
        data = data.replace(honest.encode(), f'\\"{key}\\": {value}'.encode())
    size = int.from_bytes(path.read_bytes()[:8], "little") + len(data) - path.stat().st_size
    path.write_bytes(size.to_bytes(8, "little") + data[8:])
    with pytest.raises(ModelError):
        read_recording_model(path)


def test_a_batch_has_an_eeg_channel_and_the_stages_of_its_windows():
    nights = [made_up_night(seed) for seed in range(3)]
    x, place, y, target = draw_batch(nights, np.random.default_rng(0))
    assert x.shape[:2] == y.shape
    first = x[:, :, 0]
    assert (place[:, 0, 0] == 1).all()
    assert (~first.isnan()).any()
    known = y >= 0
    present = known & ~first.isnan().any(dim=-1)
    assert (first[..., :5].argmax(dim=-1) == y)[present].float().mean() > 0.9
    assert (target[known].argmax(dim=-1) == y[known]).all()
    assert (target[known].sum(dim=-1) == 1).all()
    assert (target[~known] == 0).all()


def test_an_opinion_is_mixed_into_the_stages_that_are_scored():
    night = made_up_night(3)
    opinion = np.random.default_rng(0).dirichlet(np.ones(5), len(night.y))
    opinion[7] = np.nan
    target = dataclasses.replace(night, opinion=opinion).target(0, 20, 0.25)
    stages = np.eye(5)[night.y[:20].clip(0)]
    np.testing.assert_allclose(target[2:7], 0.75 * stages[2:7] + 0.25 * opinion[2:7], atol=1e-6)
    np.testing.assert_array_equal(target[7], stages[7])  # no opinion
    np.testing.assert_array_equal(target[:2], 0)  # unscored


def test_networks_learn_an_opinion_that_differs_from_the_stages():
    nights = [made_up_night(seed) for seed in range(6)]
    other = [np.eye(5)[(night.y + 1) % 5] for night in nights]
    told = [dataclasses.replace(n, opinion=p) for n, p in zip(nights, other, strict=True)]
    training = RecordingTraining(
        steps=40, shares=(ALL_OF_IT,), n_hidden=16, learning_rate=0.02, variation=NONE,
        opinion_weight=0.9, stage_offsets=(0,) * 5,
    )  # fmt: skip
    (network,) = fit_networks(told, training)
    x, place = (torch.from_numpy(v)[None] for v in (nights[0].x, nights[0].places))
    said = network(x, place)[0].argmax(dim=-1).numpy()
    known = nights[0].y != UNSCORED
    assert (said == (nights[0].y + 1) % 5)[known].mean() > 0.6  # chance is 0.2


def test_the_loss_of_labels_that_are_not_mixed_is_that_of_torch():
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(0, 2, (3, 7, 5)))
    y = torch.from_numpy(rng.integers(0, 5, (3, 7)))
    y[0, :3] = UNSCORED
    weight = torch.tensor([0.5, 2.0, 1.0, 0.7, 1.3], dtype=torch.float64)
    target = (y[..., None] == torch.arange(5)).double()
    ours = cross_entropy(logits, target, weight, smoothing=0.1)
    theirs = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), y.flatten(), weight, ignore_index=UNSCORED, label_smoothing=0.1
    )
    torch.testing.assert_close(ours, theirs)


def test_without_variation_nothing_varies_and_gain_moves_powers_by_twice_as_much():
    rng = np.random.default_rng(0)
    z = torch.from_numpy(rng.normal(0, 1, (2, 50, 3, len(NAMES))).astype(np.float32))
    y, ways = torch.zeros(2, 50, dtype=torch.long), torch.from_numpy(directions())
    torch.testing.assert_close(vary(z, y, NONE, ways), z)
    only = dataclasses.replace(NONE, gain=1.0)
    change = (vary(z, y, only, ways) - z)[0, 0, 0].numpy()
    amplitude = change[NAMES.index("amplitude")]
    assert amplitude != 0
    assert change[0] == pytest.approx(2 * amplitude, rel=1e-4)
    assert abs(change[NAMES.index("kurtosis")]) < 1e-6


def test_a_recording_gets_its_share_of_the_variation():
    torch.manual_seed(0)
    z = torch.randn(400, 40, 2, len(NAMES))
    y, ways = torch.zeros(400, 40, dtype=torch.long), torch.from_numpy(directions())
    torch.testing.assert_close(vary(z, y, Variation(), ways, (0.0, 0.0)), z)
    noise = dataclasses.replace(NONE, noise=1.0)  # its size tells the share of each recording
    for low, high in ((0.0, 1.0), (0.5, 0.5), (0.2, 0.6)):
        varied = vary(z, y, noise, ways, (low, high))
        share = (varied - z).std(dim=(1, 2, 3))
        assert share.min() == pytest.approx(low, abs=0.05)
        assert share.max() == pytest.approx(high, abs=0.05)
        assert share.mean() == pytest.approx((low + high) / 2, abs=0.05)


def test_the_direction_of_a_gain_is_that_of_a_louder_signal():
    from sleepaug.data.signals.features import window_features

    x = np.random.default_rng(0).normal(0, 20, (20, 1500))
    change = np.median(window_features(2 * x, 50.0) - window_features(x, 50.0), axis=0) / np.log(2)
    expected = directions()[0]
    slow = NAMES.index("slow waves")  # saturates
    np.testing.assert_allclose(np.delete(change, slow), np.delete(expected, slow), atol=0.05)


def test_recordings_of_any_montage_are_staged(model):
    stager = RecordingStager(model)
    for channels in (
        ["C4-M1"],
        ["Fpz-Cz", "Pz-Oz", "EOG horizontal"],
        ["AF7-Fpz", "E1-M2", "Chin1"],
    ):
        raw = simulate_night(3, hours=0.5, ch_names=channels, sfreq=100.0)
        night = stager.predict(raw)
        assert len(night) == 60
        assert any("as recorded" in note for note in night.notes)
    with pytest.raises(RecordingError, match="one is enough"):
        stager.predict(raw.copy().pick(raw.ch_names[1:2]).rename_channels({raw.ch_names[1]: "X"}))
    with pytest.raises(ModelError, match="Allowed: network, none"):
        stager.predict(raw, context="transitions")


def test_evaluate_scores_what_predict_gives(model, nights, tmp_path):
    path = tmp_path / "m.safetensors"
    save_recording_model(path, model)
    scores = evaluate_model(path, EvaluationSettings(data="mass", data_dir=nights)).scores
    assert scores["n_windows"] == 200
    psg = sorted(nights.glob("*PSG.edf"))[0]
    night = sleepaug.load_model(path).predict(psg)
    agreed = np.diag(np.array(scores["nights"][psg.stem.removesuffix(" PSG")]["confusion"])).sum()
    label = ("W", "N1", "N2", "N3", "R")
    truth = [label[(i // 4 + 1) % 5] for i in range(40)]
    assert agreed == (night.stages == np.array(truth)).sum()
    result = run("inspect", psg, "--model", path)
    assert "C3: EEG C3-CLE, as recorded" in result.stdout
