"""The contract of the 13 transforms: identity at 0, gradients, types, independence, physics."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sleepaug.augment import AugmentationModule, Transform, eeg_transforms, inapplicable
from sleepaug.augment.chosen import apply_chosen
from sleepaug.augment.eeg import SENSORS, TIME_FREQUENCY, augnet_layers
from sleepaug.augment.eeg_sensors import channels_shuffle, shuffle_matrix, shuffle_sources
from sleepaug.augment.transform import decide, gate
from sleepaug.support.errors import ConfigError
from tests.augment.conftest import CH_NAMES, NAMES, draw_for

SMOOTH = [
    "time_masking",
    "gaussian_noise",
    "ft_surrogate",
    "frequency_shift",
    "rotation_x",
    "rotation_y",
    "rotation_z",
]
RELAXED = ["time_reverse", "sign_flip", "channels_symmetry"]
MONTAGES = {1: ["Cz"], 2: ["C3", "C4"], 6: CH_NAMES}


def test_names_come_in_table_4_order(transforms):
    table = "time_reverse time_masking gaussian_noise ft_surrogate frequency_shift bandstop_filter"
    table += " sign_flip channels_symmetry channels_shuffle channels_dropout"
    assert " ".join(NAMES) == f"{table} rotation_x rotation_y rotation_z"
    amounts = [(t.amount_at_1, t.unit) for t in transforms.values()]
    assert amounts == [
        (0.5, "probability"),
        (200, "samples"),
        (0.2, "std"),
        (2 * math.pi, "radians"),
        (5, "Hz"),
        (2, "Hz"),
        (0.5, "probability"),
        (0.5, "probability"),
        (1, "fraction"),
        (1, "fraction"),
        (30, "degrees"),
        (30, "degrees"),
        (30, "degrees"),
    ]
    official = eeg_transforms(100.0, CH_NAMES, official=True)
    changed = {n: t.amount_at_1 for n, t in official.items() if t != transforms[n]}
    wanted = {"time_reverse": 1, "time_masking": 100, "sign_flip": 1, "channels_symmetry": 1}
    assert {n: changed[n] for n in wanted} == wanted


@settings(max_examples=25, deadline=None)
@given(
    n_windows=st.integers(1, 4),
    n_chans=st.sampled_from(list(MONTAGES)),
    n_times=st.integers(2, 400),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    seed=st.integers(0, 2**31),
)
@pytest.mark.parametrize("name", NAMES)
def test_any_shape(name, n_windows, n_chans, n_times, dtype, seed):
    torch.manual_seed(seed)
    transform = eeg_transforms(100.0, MONTAGES[n_chans])[name]
    x = 50 * torch.randn(n_windows, n_chans, n_times, dtype=dtype)
    x[0, 0] = 7.0  # a flat channel
    before = x.clone()
    for magnitude in (1.0, torch.rand(n_windows)):
        y = transform(x, magnitude)
        assert (y.shape, y.dtype, y.device) == (x.shape, dtype, x.device)
        assert y.isfinite().all()
    assert torch.equal(x, before)  # the caller's windows are left alone
    assert transform(torch.zeros_like(x), 0.0).eq(0).all()
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    torch.testing.assert_close(transform(x, 0.0), x, rtol=tolerance, atol=50 * tolerance)
    magnitude = torch.tensor(0.3, dtype=dtype, requires_grad=True)
    y = transform(x, magnitude)
    if transform.differentiable:
        (grad,) = torch.autograd.grad((y * torch.randn_like(y)).sum(), magnitude)
        assert grad.isfinite()
    else:
        assert not y.requires_grad


@pytest.mark.parametrize("name", NAMES)
def test_windows_are_independent(transforms, name):
    x = torch.randn(5, 6, 300, dtype=torch.float64)
    amount = torch.rand(5, dtype=x.dtype) * transforms[name].amount_at_1
    draw = draw_for(name, x)
    order = torch.tensor([3, 0, 4, 1, 2])
    permuted = draw[:, order] if name == "channels_shuffle" else draw[order]
    apply = transforms[name].apply
    together = apply(x, amount, draw)
    torch.testing.assert_close(apply(x[order], amount[order], permuted), together[order])
    assert not torch.allclose(together, x)


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_result(transforms, name):
    x = torch.randn(8, 6, 300)
    results = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        results.append(transforms[name](x, 0.9))
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])
    assert not torch.allclose(results[0][0] - x[0], results[0][1] - x[1])


@pytest.mark.parametrize("name", SMOOTH)
def test_gradient_is_the_derivative(transforms, name):
    x = torch.randn(2, 6, 31, dtype=torch.float64, requires_grad=True)
    draw = draw_for(name, x.detach())
    amount = torch.tensor([0.3, 0.8]).double() * min(transforms[name].amount_at_1, 30)

    def apply(x, amount):
        return transforms[name].apply(x, amount, draw)

    assert torch.autograd.gradcheck(apply, (x, amount.requires_grad_()), eps=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", RELAXED)
def test_relaxed_decision_is_the_stated_formula(transforms, name):
    x = torch.randn(6, 6, 50, dtype=torch.float64)
    p = torch.tensor([0.1, 0.3, 0.5, 0.5, 0.4, 0.2], dtype=torch.float64, requires_grad=True)
    draw = torch.rand(6, dtype=torch.float64) * 0.2 + p.detach() - 0.1
    y = transforms[name].apply(x, p, draw)
    changed = {
        "time_reverse": x.flip(-1),
        "sign_flip": -x,
        "channels_symmetry": x[:, [1, 0, 3, 2, 5, 4]],
    }[name]
    logit = torch.log(p / (1 - p)) - torch.log(draw / (1 - draw))
    s = (1 / (1 + torch.exp(-logit / 0.05)))[:, None, None]
    wanted = s * changed + (1 - s) * x
    torch.testing.assert_close(y, wanted)
    probe = torch.randn_like(y)
    grads = [torch.autograd.grad((z * probe).sum(), p)[0] for z in (y, wanted)]
    torch.testing.assert_close(*grads)
    hard = transforms[name].apply(x, p.detach(), draw)
    chosen = (draw < p.detach())[:, None, None]
    assert torch.equal(hard, torch.where(chosen, changed, x))
    assert torch.equal(hard != x, (y - x).abs() > (y - changed).abs())


def test_relaxed_probability_keeps_a_gradient_at_0_and_1():
    p = torch.tensor([0.0, 1.0], dtype=torch.float64, requires_grad=True)
    decision = decide(p, torch.tensor([0.001, 0.999], dtype=torch.float64))
    (grad,) = torch.autograd.grad(decision.sum(), p)
    assert (grad > 1).all()
    torch.testing.assert_close(decision, torch.tensor([0.5, 0.5], dtype=torch.float64))


@pytest.mark.parametrize("name", [*RELAXED, "channels_dropout"])
def test_rate_of_hard_decisions(transforms, name):
    x = torch.randn(4000, 6, 4)
    changed = (transforms[name](x, 0.6) != x).any(-1).float()
    wanted = 0.6 * transforms[name].amount_at_1
    assert abs(changed.mean().item() - wanted) < 0.03
    whole = changed.mean(1)
    assert name == "channels_dropout" or ((whole == 0) | (whole == 1)).all()


def test_dropout_gradient_is_that_of_the_expected_window(transforms):
    x = torch.randn(3, 6, 20, dtype=torch.float64)
    p = torch.full((3,), 0.4, dtype=torch.float64, requires_grad=True)
    y = transforms["channels_dropout"].apply(x, p, torch.rand(3, 6, dtype=torch.float64))
    probe = torch.randn_like(x)
    (grad,) = torch.autograd.grad((y * probe).sum(), p)
    torch.testing.assert_close(grad, -(x * probe).sum((1, 2)))


def test_shuffle_permutes_the_chosen_channels_evenly():
    n = 6000
    fraction = torch.full((n,), 1.0)
    sources = shuffle_sources(fraction, torch.rand(2, n, 3))
    counts = torch.bincount((sources * torch.tensor([9, 3, 1])).sum(1), minlength=27)
    kinds = [9 * a + 3 * b + c for a, b, c in itertools.permutations(range(3))]
    assert counts[kinds].sum() == n
    assert (counts[kinds] - n / 6).abs().max() < 4 * math.sqrt(n / 6)
    stays = torch.rand(2, n, 6)
    sources = shuffle_sources(torch.full((n,), 0.3), stays)
    moved = sources != torch.arange(6)
    assert not (moved & (stays[0] >= 0.3)).any()
    assert torch.equal(sources.sort(-1).values, torch.arange(6).expand(n, 6))


def test_shuffle_straight_through_ignores_the_permutation():
    x = torch.randn(4, 5, 30, dtype=torch.float64)
    probe = torch.randn_like(x)
    wanted = (probe.sum(1) * x.sum(1)).sum(-1)
    for value in (0.0, 0.5, 1.0):
        p = torch.full((4,), value, dtype=torch.float64, requires_grad=True)
        draw = torch.rand(2, 4, 5, dtype=torch.float64)
        y = channels_shuffle(x, p, draw, estimator="straight_through")
        torch.testing.assert_close(y, channels_shuffle(x, p.detach(), draw))
        torch.testing.assert_close(torch.autograd.grad((y * probe).sum(), p)[0], wanted)


def test_the_shuffle_follows_the_true_slope_by_default_and_the_authors_where_official_is_set():
    names = ["C3", "C4", "F3"]
    x = torch.randn(1, 3, 4, dtype=torch.float64).expand(20_000, -1, -1)
    probe = torch.randn(3, 4, dtype=torch.float64)

    def mean_loss(transform, magnitude):
        return (transform(x, magnitude) * probe).sum((1, 2)).mean()

    slopes = {}
    for official in (False, True):
        transform = eeg_transforms(100.0, names, official=official)["channels_shuffle"]
        m = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
        (slopes[official],) = torch.autograd.grad(mean_loss(transform, m), m)
    secant = (mean_loss(transform, 0.5) - mean_loss(transform, 0.3)) / 0.2
    assert abs(slopes[False] - secant) < 0.25 * (1 + secant.abs())
    torch.testing.assert_close(slopes[True], (probe.sum(0) * x[0].sum(0)).sum())


def test_shuffle_score_estimator_is_unbiased_for_a_linear_loss():
    x = torch.randn(1, 3, 4, dtype=torch.float64)
    probe = torch.randn_like(x)

    def expected_loss(p):
        total = 0.0
        for chosen in itertools.product([False, True], repeat=3):
            slots = [c for c in range(3) if chosen[c]]
            orders = list(itertools.permutations(slots))
            for order in orders:
                source = list(range(3))
                for slot, content in zip(slots, order, strict=True):
                    source[slot] = content
                loss = (x[:, source] * probe).sum()
                total = total + p ** len(slots) * (1 - p) ** (3 - len(slots)) * loss / len(orders)
        return total

    p = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    (wanted,) = torch.autograd.grad(expected_loss(p), p)
    n = 40_000
    fraction = torch.full((n,), 0.4, dtype=torch.float64, requires_grad=True)
    draw = torch.rand(2, n, 3, dtype=torch.float64)
    y = shuffle_matrix(fraction, draw.shape[-1], draw, estimator="score") @ x
    (grads,) = torch.autograd.grad((y * probe).sum(), fraction)
    error = grads.std() / math.sqrt(n)
    assert abs(grads.mean() - wanted) < 4 * error
    assert error < 0.1 * wanted.abs()
    transform = eeg_transforms(100.0, ["C3", "C4"], shuffle_estimator="score")["channels_shuffle"]
    m = torch.tensor(0.5, requires_grad=True)
    y = transform(torch.randn(8, 2, 5), m)
    assert torch.autograd.grad((y * torch.randn_like(y)).sum(), m)[0] != 0


def spectrum_of(x):
    return torch.fft.rfft(x.double()).abs()


def test_frequency_shift_moves_the_peak(transforms):
    t = torch.arange(3000) / 100
    x = torch.sin(2 * math.pi * 10 * t).expand(2, 6, -1)
    draw = torch.tensor([1.0, 0.0])
    y = transforms["frequency_shift"].apply(x, torch.full((2,), 3.0), draw)
    peaks = spectrum_of(y).argmax(-1) * 100 / 3000
    torch.testing.assert_close(peaks, torch.tensor([[13.0] * 6, [7.0] * 6]))


def test_frequency_shift_is_precise_at_the_end_of_a_window(transforms):
    x = torch.randn(1, 6, 3000, dtype=torch.float64)
    amount, draw = torch.tensor([4.987654321]), torch.tensor([0.97])
    single = transforms["frequency_shift"].apply(x.float(), amount, draw)
    double = transforms["frequency_shift"].apply(x, amount.double(), draw.double())
    assert (single - double).abs().max() < 1e-5


@pytest.mark.parametrize("n_times", [300, 301])
def test_ft_surrogate_keeps_the_amplitudes(transforms, n_times):
    x = torch.randn(3, 6, n_times, dtype=torch.float64)
    y = transforms["ft_surrogate"](x, 1.0)
    torch.testing.assert_close(spectrum_of(y), spectrum_of(x))
    assert torch.nn.functional.cosine_similarity(x.flatten(1), y.flatten(1)).abs().max() < 0.3
    phases = torch.fft.rfft(y) / torch.fft.rfft(x)
    torch.testing.assert_close(phases, phases[:, :1].expand_as(phases))  # common to channels


def test_bandstop_removes_its_band_and_nothing_else(transforms):
    t = torch.arange(3000, dtype=torch.float64) / 100
    freqs = [9.0, 12.0, 15.0]
    x = sum(torch.sin(2 * math.pi * f * t) for f in freqs).expand(1, 6, -1)
    draw = torch.tensor([(12.0 - 2) / (30 - 4)], dtype=torch.float64)
    y = transforms["bandstop_filter"].apply(x, torch.tensor([2.0], dtype=torch.float64), draw)
    bins = [round(f * 30) for f in freqs]
    ratio = (spectrum_of(y) / spectrum_of(x))[0, 0, bins]
    torch.testing.assert_close(
        ratio, torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64), atol=0.02, rtol=0
    )


def test_time_mask_lies_where_it_should(transforms):
    x = torch.ones(2, 6, 3000)
    y = transforms["time_masking"].apply(x, torch.full((2,), 200.0), torch.tensor([0.0, 0.5]))
    assert y[0, :, 100].max() < 0.01
    assert y[1, :, 1500].max() < 0.01
    assert y[1, :, 1350].min() > 0.99
    assert abs((1 - y).sum(-1).mean().item() - 200) < 5


def test_noise_has_its_standard_deviation(transforms):
    added = transforms["gaussian_noise"](torch.zeros(2, 6, 30_000), torch.tensor([0.5, 1.0]))
    torch.testing.assert_close(added.std((1, 2)), torch.tensor([0.1, 0.2]), rtol=0.02, atol=0)


def test_rotations_do_not_mix_up_axes(transforms):
    x = torch.zeros(1, 6, 1, dtype=torch.float64)
    x[0, [1, 3, 5]] = 1.0  # the right side
    angle = torch.tensor([60.0], dtype=torch.float64)
    y = transforms["rotation_z"].apply(x, angle, torch.ones(1, dtype=torch.float64))[0, :, 0]
    assert y[3] < y[5]  # F4 turned towards the left, O2 towards the right


def test_what_does_not_apply_is_said():
    assert inapplicable(CH_NAMES) == {}
    one = inapplicable(["C3"])
    assert set(one) == {"channels_symmetry", "channels_shuffle"} | {f"rotation_{a}" for a in "xyz"}
    x = torch.randn(4, 1, 100)
    for name, transform in eeg_transforms(100.0, ["C3"]).items():
        if name in one:
            torch.testing.assert_close(transform(x, 1.0), x)
    bipolar = ["EEG Fpz-Cz", "EEG Pz-Oz"]
    reasons = inapplicable(bipolar)
    assert set(reasons) == {"channels_symmetry"} | {f"rotation_{a}" for a in "xyz"}
    assert "EEG Pz-Oz" in reasons["rotation_x"]
    transform = eeg_transforms(100.0, bipolar)["rotation_x"]
    with pytest.raises(ConfigError, match=r"rotation_x needs .* EEG Fpz-Cz, EEG Pz-Oz is no"):
        transform(torch.randn(1, 2, 100), 1.0)
    sensors, first, second = augnet_layers(set(eeg_transforms(100.0, bipolar)) - set(reasons))
    assert sensors == ["sign_flip", "channels_shuffle", "channels_dropout"]
    assert first == second == list(TIME_FREQUENCY)
    assert augnet_layers(eeg_transforms(100.0, CH_NAMES))[0] == list(SENSORS)
    assert augnet_layers(["gaussian_noise"]) == [["gaussian_noise"], ["gaussian_noise"]]


def test_referenced_and_old_names_are_recognised():
    ours = eeg_transforms(100.0, ["EEG C3-CLE", "EEG C4-CLE", "T3", "T4"])
    plain = eeg_transforms(100.0, ["C3", "C4", "T7", "T8"])
    x = torch.randn(2, 4, 50)
    for name in ("rotation_y", "channels_symmetry"):
        amount, draw = torch.full((2,), 1.0), torch.rand(2)
        torch.testing.assert_close(
            ours[name].apply(x, amount, draw), plain[name].apply(x, amount, draw)
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sfreq": 5.0, "ch_names": ["C3"]}, "sfreq: at least 10 Hz"),
        ({"sfreq": 100.0, "ch_names": []}, "ch_names: at least one"),
        ({"sfreq": 100.0, "ch_names": ["C3"], "shuffle_estimator": "ste"}, "got 'ste'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ConfigError, match=message):
        eeg_transforms(**arguments)


def test_apply_chosen_computes_each_window_once():
    seen = []

    def note(name):
        def apply(x, amount):
            seen.append((name, len(x)))
            return x + amount[:, None]

        return Transform(name, apply, 10.0)

    x = torch.zeros(5, 2)
    choice = torch.tensor([1, -1, 0, 1, 1])
    y = apply_chosen(x, [note("a"), note("b"), note("c")], choice, torch.arange(5) / 10)
    assert y[:, 0].tolist() == [0.0, 0.0, 2.0, 3.0, 4.0]
    assert seen == [("a", 1), ("b", 3)]
    assert x.eq(0).all()
    assert apply_chosen(x, [], torch.full((5,), -1), torch.zeros(5)) is x


def test_gate_takes_whole_windows_of_any_shape():
    x = torch.zeros(3, 3, 4, 4)
    y = gate(x, x + 1, torch.tensor([0.2, 0.9, 0.5]), torch.tensor([0.5, 0.5, 0.1]))
    np.testing.assert_array_equal(y.mean((1, 2, 3)), [0, 1, 1])


def test_a_wrong_name_says_which_there_are():
    transforms = eeg_transforms(100.0, ["C3", "C4"])
    for error in (KeyError, ConfigError):
        with pytest.raises(error, match=r"called 'sign_flop'.*Did you mean 'sign_flip'"):
            transforms["sign_flop"]
    with pytest.raises(ConfigError, match=r"called 'nothing'.*Allowed: time_reverse"):
        AugmentationModule.of(transforms, [["nothing"]])
