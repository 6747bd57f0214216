"""A learned policy exported to braindecode does there what it did here."""

import json
from dataclasses import replace

import pytest
import torch

from sleepaug.augment import AugmentationModule, Identity, Policy, eeg_transforms
from sleepaug.augment.export import braindecode_steps, lost, to_braindecode, to_code
from sleepaug.augment.learned import Learned, table
from sleepaug.augment.selection import MeasuredLayer
from sleepaug.experiments.run_figures import draw_layers
from sleepaug.support.errors import ConfigError

CHANNELS = ["C3", "C4", "F3", "F4", "O1", "O2"]
TRANSFORMS = eeg_transforms(100.0, CHANNELS)


def learned(augment):
    written = Learned.of(
        augment, method="any", sfreq=100.0, channels=tuple(CHANNELS), normalize="window"
    )
    read = Learned.from_json(json.loads(json.dumps(written.to_json())))
    assert read == written
    return read


@pytest.mark.parametrize("name", list(TRANSFORMS))
def test_each_transform_has_a_counterpart_that_runs(name):
    policy = learned(Policy([[(name, 1.0, 0.5)]], TRANSFORMS))
    (compose,) = to_braindecode(policy)
    x, y = torch.randn(4, 6, 3000), torch.arange(4)
    out, labels = compose(x, y)
    assert out.shape == x.shape
    assert torch.equal(labels, y)
    scope: dict = {}
    exec(to_code(policy), scope)
    assert [type(c).__name__ for c in scope["transform"].transforms] == [
        type(c).__name__ for c in compose.transforms
    ]


@pytest.mark.parametrize("name", ["channels_symmetry", "rotation_z"])
def test_of_channels_with_a_reference_the_electrodes_are_exported(name):
    names = ("C3-M2", "EEG C4-A1", "F3 M2", "F4:A1", "O1", "O2")
    plain = learned(Policy([[(name, 1.0, 1.0)]], TRANSFORMS))
    (compose,) = to_braindecode(replace(plain, channels=names))
    x = torch.randn(64, 6, 300)
    assert not torch.equal(compose(x, torch.arange(64))[0], x)
    assert braindecode_steps(replace(plain, channels=names)) == braindecode_steps(plain)


def test_amounts_keep_their_units():
    steps = [
        ("gaussian_noise", 0.3, 0.5),
        ("frequency_shift", 1.0, 0.1),
        ("time_masking", 0.7, 0.25),
        ("ft_surrogate", 1.0, 0.5),
        ("sign_flip", 0.8, 1.0),
        ("rotation_y", 1.0, 1.0),
    ]
    (exported,) = braindecode_steps(learned(Policy([steps], TRANSFORMS)))
    assert dict(exported)["GaussianNoise"] == {"probability": 0.3, "std": pytest.approx(0.1)}
    assert dict(exported)["FrequencyShift"]["max_delta_freq"] == pytest.approx(0.5)
    assert dict(exported)["SmoothTimeMask"]["mask_len_samples"] == 50
    assert dict(exported)["FTSurrogate"]["phase_noise_magnitude"] == pytest.approx(0.5)
    assert dict(exported)["SignFlip"]["probability"] == pytest.approx(0.4)  # 0.8 of a fair coin
    assert dict(exported)["SensorsYRotation"]["max_degrees"] == pytest.approx(30)


def layers_with(weights_and_magnitudes):
    names = [list(layer) for layer in weights_and_magnitudes]
    module = AugmentationModule.of(TRANSFORMS, names)
    for layer, wanted in zip(module.layers, weights_and_magnitudes, strict=True):
        with torch.no_grad():
            weights = torch.tensor([w for w, _ in wanted.values()])
            layer.logits.copy_(layer.temperature * weights.log())
            layer.raw_magnitudes.copy_(torch.tensor([m for _, m in wanted.values()]))
    return module


def test_sentences_say_what_was_kept_and_what_was_rejected():
    module = layers_with(
        [
            {"sign_flip": (0.02, 0.3), "channels_shuffle": (0.98, 0.0)},
            {"frequency_shift": (0.95, 0.1), "time_reverse": (0.05, 1.0)},
            {"frequency_shift": (0.6, 0.12), "gaussian_noise": (0.4, 0.5)},
        ]
    )
    assert learned(module).sentences() == [
        "frequency shift up to 0.5 Hz and 0.6 Hz: kept",
        "sign flip: rejected",
        "channels shuffle: selected, but with nothing to do (amount 0)",
        "time reverse: rejected",
        "gaussian noise up to 0.1 std: undecided (weight 0.40)",
    ]
    text = table(learned(module).layers)
    assert "2      frequency shift       0.950  0.5 Hz" in text
    (steps,) = braindecode_steps(learned(module))
    assert [name for name, _ in steps] == ["FrequencyShift", "FrequencyShift"]


def test_policies_are_said_in_words_with_the_amounts_of_their_ranges():
    steps = [("time_reverse", 0.8, 1.0), ("time_masking", 0.3, 0.4)]
    (sentence,) = learned(Policy([steps], TRANSFORMS)).sentences()
    assert sentence == (
        "subpolicy 1: time reverse with probability 0.40, "
        "then time masking up to 80 samples with probability 0.30"
    )
    official = eeg_transforms(100.0, CHANNELS, official=True)
    policy = learned(Policy([steps, steps], official))
    assert policy.sentences()[1] == (
        "subpolicy 2: time reverse with probability 0.80, "
        "then time masking up to 40 samples with probability 0.30"
    )
    reverse, mask = braindecode_steps(policy)[1]
    assert reverse[1]["probability"] == pytest.approx(0.8)
    assert mask[1]["mask_len_samples"] == 40
    assert "subpolicies = [" in to_code(policy)
    assert Learned().sentences() == []


def test_layers_that_kept_several_transforms_become_all_combinations():
    names = [["sign_flip", "channels_dropout"], ["gaussian_noise", "frequency_shift"]]
    layers = [MeasuredLayer([TRANSFORMS[n] for n in layer], tolerance=0.01) for layer in names]
    layers[0].magnitudes.copy_(torch.tensor([1.0, 0.01]))  # the second is not kept
    layers[1].magnitudes.copy_(torch.tensor([0.5, 0.1]))
    policy = learned(AugmentationModule(layers, regularizer="none"))
    noise, shift = braindecode_steps(policy)
    assert [name for name, _ in noise] == ["SignFlip", "GaussianNoise"]
    assert [name for name, _ in shift] == ["SignFlip", "FrequencyShift"]
    assert shift[1][1]["max_delta_freq"] == pytest.approx(0.5)
    assert len(to_braindecode(policy)) == 2


def test_code_says_how_its_windows_were_scaled():
    policy = learned(Policy([[("gaussian_noise", 1.0, 0.5)]], TRANSFORMS))
    for normalize, words in (("window", "unit variance"), ("none", "microvolts")):
        assert words in to_code(replace(policy, normalize=normalize))


def test_the_picture_has_a_row_for_each_layer():
    module = layers_with([{"sign_flip": (0.5, 0.3)}, {"frequency_shift": (1.0, 0.1)}])
    rows = [{"epoch": i, "augmentation": module.describe()} for i in (1, 2)]
    assert len(draw_layers(rows).axes) == 4
    assert draw_layers([{"epoch": 1, "augmentation": {}}]) is None


def test_what_has_no_policy_is_refused():
    with pytest.raises(ConfigError, match="no policy"):
        braindecode_steps(Learned(method="none", sfreq=100.0, channels=tuple(CHANNELS)))
    with pytest.raises(ConfigError, match="no EEG"):
        braindecode_steps(Learned(method="augnet", layers=()))


def test_the_form_of_policy_json():
    module = layers_with([{"frequency_shift": (1.0, 0.5)}])
    assert Learned.of(module, method="augnet").to_json() == {
        "method": "augnet",
        "layers": [
            [
                {
                    "transform": "frequency_shift",
                    "weight": 1.0,
                    "magnitude": 0.5,
                    "amount": 2.5,
                    "unit": "Hz",
                }
            ]
        ],
    }
    assert Learned.of(Policy([[("sign_flip", 1, 1)]], TRANSFORMS)).to_json() == {
        "policy": [[["sign_flip", 1.0, 1.0]]],
        "ranges": {"sign_flip": {"amount": 0.5, "unit": "probability"}},
    }
    assert Learned.of(Identity()).to_json() == {}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"layers": [[{"transform": "sign_flip"}]]}, r"layers\[0\]\[0\].weight: is missing"),
        ({"policy": [[["sign_flip", 1, 1]]]}, "ranges.sign_flip: is missing"),
        ({"policy": [[["sign_flip", 1]]]}, r"policy\[0\]\[0\]: expected 3 values"),
        ({"polcy": []}, "Did you mean 'policy'"),
        ([], "expected keys and values"),
    ],
)
def test_another_form_is_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        Learned.from_json(values)


def test_an_amount_at_the_end_of_its_range_is_marked():
    module = layers_with([{"frequency_shift": (0.98, 1.0), "time_reverse": (0.02, 0.1)}])
    assert (
        learned(module).sentences()[0] == "frequency shift up to 5 Hz, the end of its range: kept"
    )
    (sentence,) = learned(Policy([[("gaussian_noise", 0.5, 1.0)]], TRANSFORMS)).sentences()
    assert "up to 0.2 std (the end of its range) with probability 0.50" in sentence


def test_what_a_mixed_layer_loses_is_said():
    mixed = {"gaussian_noise": (0.6, 0.5), "time_reverse": (0.37, 0.5), "ft_surrogate": (0.03, 1.0)}
    policy = learned(layers_with([{"sign_flip": (1.0, 0.5)}, mixed]))
    said = (
        "Layer 2 mixes transforms: only gaussian noise (weight 0.60) is exported; "
        "time reverse (0.37) is lost."
    )
    assert lost(policy) == [said]
    assert f"# {said}" in to_code(policy)
    assert lost(learned(layers_with([{"sign_flip": (1.0, 0.5)}]))) == []
