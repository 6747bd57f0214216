"""What runs in the process of the pretended device: see `test_device.py`."""

import dataclasses

import numpy as np
import pytest
import torch

from sleepaug.augment import AugmentationLayer, Transform, eeg_transforms
from sleepaug.augment.chosen import apply_chosen
from sleepaug.augment.model import log_probabilities
from sleepaug.data.stored import StoredWindows
from sleepaug.experiments.comparison.lane import Lane
from sleepaug.training.clock import Clock
from sleepaug.training.fit import Fit, Training
from sleepaug.training.methods import METHODS
from sleepaug.training.methods.dada import Pairs
from sleepaug.training.tasks.streamed import StreamedWindows
from sleepaug.training.tasks.task import Split, TaskData
from tests.device import counts, recording
from tests.device.pretended import DEVICE, Counting

CHANNELS = counts.CHANNELS
N_TIMES = 1200  # the number of kernels does not depend on it
BOUNDS = {  # kernels and waits of a step: docs/performance.md has the same table
    "none": (40, 0),
    "augnet": (520, 0),
    "a policy": (175, 0),
    "faster-aa": (1000, 0),
    "dada": (850, 0),
    "adda": (840, 0),
    "adda, softmax": (700, 0),
    "adda, gumbel": (700, 0),
    "adda, finite": (700, 0),
}


@pytest.fixture(autouse=True)
def counting():
    torch.set_num_threads(1)
    with Counting() as counting:
        yield counting


def test_tensors_of_two_devices_are_refused():
    moved, here = torch.ones(3).to(DEVICE), torch.ones(3)
    assert moved.device.type == "pretended"
    assert (moved + 1).tolist() == [2, 2, 2]
    with pytest.raises(RuntimeError, match="two devices"):
        moved + here


def test_what_makes_the_program_wait_is_counted(counting):
    moved = torch.arange(4.0).to(DEVICE)
    counting.clear()
    float(moved[1]), bool(moved[1] > 0), moved[moved > 1], moved.nonzero(), moved.cpu()
    assert sum(counting.waits.values()) == 5
    assert sum(counting.kernels.values()) == 2  # the comparisons


@pytest.mark.parametrize("name", list(eeg_transforms(100.0, CHANNELS)))
def test_a_transform_is_the_same_on_both_devices_and_makes_none_wait(name, counting):
    transform = eeg_transforms(100.0, CHANNELS)[name]
    torch.manual_seed(0)
    x, probe = torch.randn(5, 6, 300), torch.randn(5, 6, 300)
    results = []
    for device in ("cpu", DEVICE):
        windows, onto = x.to(device), probe.to(device)
        magnitude = torch.full((5,), 0.4).to(device).requires_grad_(transform.differentiable)
        torch.manual_seed(1)
        transform(windows, magnitude)  # fills caches
        counting.clear()
        torch.manual_seed(1)
        y, slope = transform(windows, magnitude), None
        if transform.differentiable:
            (slope,) = torch.autograd.grad((y * onto).sum(), magnitude)
        assert not counting.waits
        results.append((y.detach().cpu(), slope if slope is None else slope.cpu()))
    (a, slope_a), (b, slope_b) = results
    torch.testing.assert_close(a, b)
    if slope_a is not None:
        torch.testing.assert_close(slope_a, slope_b, rtol=1e-4, atol=1e-3)


def test_steps_have_the_values_of_the_cpu_and_stay_within_their_kernels(counting):
    """AugNet, and every search whose draws do not depend on the device."""
    pretended = counts.steps(counts.make_task(DEVICE, n_times=N_TIMES))
    assert set(pretended) == set(BOUNDS)
    cpu = counts.steps(counts.make_task("cpu", n_times=N_TIMES))
    for name, step in pretended.items():
        torch.manual_seed(2)
        first = step()
        counting.clear()
        second = step()
        most_kernels, most_waits = BOUNDS[name]
        kernels, waits = counting.kernels.copy(), counting.waits.copy()
        assert sum(kernels.values()) <= most_kernels, (name, kernels.most_common(8))
        assert sum(waits.values()) <= most_waits, (name, waits)
        if name in ("a policy", "dada", "adda"):  # a CPU computes only what was chosen
            assert first.isfinite()
            assert second.isfinite()
            continue
        torch.manual_seed(2)
        torch.testing.assert_close(first.cpu(), cpu[name](), rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(second.cpu(), cpu[name](), rtol=2e-2, atol=1e-2)


def test_a_pair_is_the_same_on_both_devices():
    """Of transforms without draws, with the gradients of what is learned."""

    def power(name, exponent):
        return Transform(name, lambda x, a: x * (1 + a[:, None, None]) ** exponent)

    transforms = {name: power(name, n) for n, name in enumerate("abcd", start=1)}
    x, results = torch.randn(5, 2, 7), []
    for device in ("cpu", DEVICE):
        pairs = Pairs(transforms).to(device)
        torch.manual_seed(0)
        y = pairs.augment(x.to(device), torch.tensor([4]).to(device))
        learned = [pairs.probabilities, pairs.magnitudes]
        slopes = torch.autograd.grad(y.square().sum(), learned)
        results.append([value.detach().cpu() for value in (y, *slopes)])
    torch.testing.assert_close(results[1], results[0])
    assert results[0][2].nonzero().tolist() == [[4, 0], [4, 1]]


@pytest.mark.parametrize("trunk", ["chambon2018", "spectral"])
def test_a_trunk_is_the_same_on_both_devices(trunk, counting):
    task = counts.make_task("cpu", trunk, N_TIMES)
    torch.manual_seed(0)
    network = task.make_trunk().eval()
    x = task.train.x.clone()
    x[3, 1] = 0  # a channel that is not there
    wanted = network(x).detach()
    on_device = network.to(DEVICE)(x.to(DEVICE)).detach()
    torch.testing.assert_close(on_device.cpu(), wanted, rtol=1e-4, atol=1e-5)
    counting.clear()
    network(x.to(DEVICE))
    assert set(counting.waits) <= {key for key in counting.waits if key.startswith("backward")}


def test_a_prediction_does_not_wait_and_sampled_layers_choose_what_they_should(counting):
    predict = counts.predicting(counts.make_task(DEVICE, n_times=N_TIMES))
    kernels, waits = counts.counted(predict, counting)
    assert not waits
    assert sum(kernels.values()) <= 210
    transforms = eeg_transforms(100.0, CHANNELS)
    chosen = [transforms["channels_dropout"], transforms["gaussian_noise"]]
    x = torch.ones(3, 6, 50)
    choice, magnitude = torch.tensor([0, -1, 1]), torch.tensor([1.0, 1.0, 0.0])
    for device in ("cpu", DEVICE):
        y = apply_chosen(x.to(device), chosen, choice.to(device), magnitude.to(device)).cpu()
        assert y[0].abs().max() == 0
        torch.testing.assert_close(y[1:], x[1:])
    layer = AugmentationLayer([transforms["sign_flip"], transforms["time_reverse"]]).eval()
    assert layer.to(DEVICE)(x.to(DEVICE)).cpu().abs().max() == 1


RECORDED = {
    "none": {},
    "augnet": {},
    "faster-aa": {},
    "dada": {},
    "adda": {"warm_start": 0},
    "adda, softmax": {"warm_start": 0, "estimator": "softmax"},
    "adda, gumbel": {"warm_start": 0, "estimator": "gumbel"},
}


def epochs_of(name, options, task, *, cuda_graphs):
    """An epoch of a gradient search, or two of the training of a method that has none."""
    training = Training(batch_size=5, cuda_graphs=cuda_graphs, schedule="cosine", epochs=2)
    search = METHODS[name.partition(",")[0]](**options).search(task, training, seed=0)
    if not search.done:
        return [search.step()]
    augment, weight = search.augmentation(), search.regularization
    fit = Fit(task, augment, training, regularization=weight, seed=0)
    return [fit.step(), fit.step()]


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_step_is_the_step(name, monkeypatch):
    """Four batches an epoch: one before the recording, two replays, and one of another size."""
    task = counts.make_task(DEVICE, n_times=600)
    wanted = epochs_of(name, RECORDED[name], task, cuda_graphs=False)
    recording.pretend(monkeypatch)
    assert epochs_of(name, RECORDED[name], task, cuda_graphs=True) == wanted
    assert [graph.n_replays for graph in recording.PretendedGraph.made] == [2] * len(wanted)


def test_a_step_that_cannot_be_recorded_is_computed_as_it_is(monkeypatch, caplog):
    """Finite differences take the random numbers back, which a GPU refuses meanwhile."""
    options = {"warm_start": 0, "hypergradient": "finite"}
    task = counts.make_task(DEVICE, n_times=600)
    wanted = epochs_of("adda", options, task, cuda_graphs=False)
    recording.pretend(monkeypatch)
    streams = []
    monkeypatch.setattr(torch.cuda, "set_stream", streams.append)
    assert epochs_of("adda", options, task, cuda_graphs=True) == wanted
    assert [graph.n_replays for graph in recording.PretendedGraph.made] == [0]
    assert len(streams) == 1  # back to where the program computed before
    assert [record.getMessage() for record in caplog.records] == [
        "cuda_graphs: the step cannot be recorded, it is computed as it is (operation not "
        "permitted when stream is capturing)"
    ]


@pytest.mark.parametrize("name", ["random", "autoaugment", "fast-aa"])
def test_trials_run_there_and_wait_only_where_they_begin_and_end(name, counting):
    task = counts.make_task(DEVICE, n_times=N_TIMES)
    search = METHODS[name](trials=3).search(task, Training(epochs=1), seed=0)
    while search.pretraining is not None and not search.pretraining.done:
        search.pretraining.step()
    while not search.done:
        counting.clear()
        row = search.step()
        score = "augmented_loss" if name == "fast-aa" else "valid_balanced_accuracy"
        assert np.isfinite(row[score])
    lines = {key.partition(":")[0] for key in counting.waits}
    moves = {"augment/constants.py", "augment/rotation.py", "augment/eeg_frequency.py"}
    of_training = {f"training/{part}.py" for part in ("class_weights", "fit", "scoring")}
    assert lines - moves == ({"training/methods/fast_aa.py"} if name == "fast-aa" else of_training)
    if name == "fast-aa":  # a policy goes there, and its score comes back
        assert sum(n for key, n in counting.waits.items() if "fast_aa" in key) == 4


def test_windows_from_the_cache_make_an_epoch_wait_once(counting, tmp_path):
    np.save(tmp_path / "night.npy", np.random.default_rng(0).normal(size=(40, 2, 30)).astype("f4"))
    stored = StoredWindows.of([np.load(tmp_path / "night.npy", mmap_mode="r")])
    y = torch.arange(40)
    split = Split(StreamedWindows(stored, DEVICE), y.to(DEVICE))
    counting.clear()
    batches = list(split.batches(16, shuffle=True))
    assert sum(counting.waits.values()) == 1  # for the order of the windows
    assert sorted(int(k) for _, index in batches for k in index.tolist()) == y.tolist()
    for x, index in batches:
        assert np.array_equal(x.cpu(), stored.read(index.cpu().numpy()))


def test_a_lane_and_a_prediction_of_its_model_run_there():
    task = counts.make_task(DEVICE, "spectral", N_TIMES)
    names = ("sign_flip", "gaussian_noise", "frequency_shift")
    task = dataclasses.replace(task, transforms={k: task.transforms[k] for k in names})
    loaded, training = TaskData(task, task.valid), Training(epochs=2, patience=2)
    for name, options in (
        ("augnet", {"selection": "robust"}),
        ("adda", {"warm_start": 1, "epochs": 2}),
    ):
        search = METHODS[name](**options).search(task, training, seed=0)
        point = None
        clock = Clock(timer=iter(range(10**6)).__next__, budget=1000)
        lane = Lane(search, loaded, training, seed=0, clock=clock)
        while not lane.done:
            with clock.charge(lane.account):
                logged = lane.step()
            row = lane.settle(logged)
            point = row.get("point") or point
        assert row["status"] == "finished"
        assert point["test"]["n_windows"] == counts.BATCH
        assert np.isfinite(point["valid_balanced_accuracy"])
    fit = Fit(task, search.augmentation(), training, seed=0)
    fit.step()
    assert (
        log_probabilities(fit.best_model(), task.valid.x)
        .exp()
        .sum(1)
        .cpu()
        .allclose(torch.ones(16))
    )
