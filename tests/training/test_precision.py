"""Networks in bfloat16 and TF32: what changes, what does not, and where it is refused."""

import copy
import dataclasses
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sleepaug.augment import Identity
from sleepaug.experiments.comparison.settings import comparison_of
from sleepaug.experiments.run import train
from sleepaug.experiments.settings import load_config
from sleepaug.models import chambon2018
from sleepaug.models.chambon2018 import Chambon2018
from sleepaug.models.conv_max_pool import by_layers
from sleepaug.models.spectral import SpectralStager
from sleepaug.support.errors import ConfigError
from sleepaug.training.fit import Fit, Training
from sleepaug.training.methods import METHODS
from sleepaug.training.methods.adda import ADDA
from sleepaug.training.precision import check_precision, computing_in, in_bfloat16
from sleepaug.training.tasks.task import Split, TaskData

PRODUCTS = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)


def in_bf16(task):
    with computing_in("bf16", TaskData(task, task.valid)) as loaded:
        return loaded.task


def test_a_trunk_multiplies_in_bfloat16_and_all_else_is_float32(tiny_task):
    trunk = in_bf16(tiny_task).make_trunk()
    inner = []
    trunk[0].register_forward_hook(lambda module, inputs, out: inner.append(out.dtype))
    for each in (trunk, copy.deepcopy(trunk)):
        logits = each(tiny_task.train.x[:4])
        logits.sum().backward()
        assert logits.dtype == torch.float32
        assert {p.dtype for p in each.parameters()} == {torch.float32}
        assert {p.grad.dtype for p in each.parameters()} == {torch.float32}
    assert inner == [torch.bfloat16, torch.bfloat16]
    assert list(trunk.state_dict()) == list(tiny_task.make_trunk().state_dict())


@pytest.mark.parametrize("layers", [False, True], ids=["compiled", "by layers, as on a GPU"])
@pytest.mark.parametrize("kind", [Chambon2018, SpectralStager])
def test_the_packages_trunks_give_nearly_the_same(kind, layers, monkeypatch):
    if layers:
        monkeypatch.setattr(chambon2018, "conv_max_pool", by_layers)
    torch.manual_seed(0)
    trunk = kind(n_chans=2, n_times=600, sfreq=100.0).eval()
    x, y = torch.randn(6, 2, 600), torch.arange(6) % 5
    results = []
    for network in (trunk, in_bfloat16(copy.deepcopy(trunk))):
        loss = F.cross_entropy(network(x), y)
        slopes = torch.autograd.grad(loss, list(network.parameters()))
        results.append((loss.detach(), torch.cat([slope.flatten() for slope in slopes])))
    (loss, slope), (low_loss, low_slope) = results
    assert loss != low_loss
    torch.testing.assert_close(low_loss, loss, rtol=0.01, atol=0.01)
    assert F.cosine_similarity(slope, low_slope, dim=0) > 0.99


def test_weights_of_a_step_are_not_those_that_were_rounded_before(tiny_task):
    """Autocast keeps rounded weights while it lasts: it must not outlast an optimizer's step."""
    losses = []
    for task in (tiny_task, in_bf16(tiny_task)):
        fit = Fit(task, Identity(), Training(epochs=4, learning_rate=0.01), seed=0)
        losses.append([fit.step()["train_loss"] for _ in range(4)])
    assert losses[0][3] < 0.8 * losses[0][0]
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], abs=0.05)


@pytest.mark.parametrize("name", ["augnet", "fast-aa", "faster-aa", "dada", "adda"])
def test_every_search_takes_a_step_in_bfloat16(name, tiny_task):
    options = {"fast-aa": {"trials": 2, "folds": 2, "best_of": 1}, "adda": {"warm_start": 0}}
    names = ("time_reverse", "gaussian_noise", "channels_dropout")
    task = in_bf16(
        dataclasses.replace(tiny_task, transforms={k: tiny_task.transforms[k] for k in names})
    )
    search = METHODS[name](**options.get(name, {})).search(task, Training(epochs=1), seed=0)
    while search.pretraining is not None and not search.pretraining.done:
        search.pretraining.step()
    if not search.done:
        search.step()
    fit = Fit(task, search.augmentation(), Training(epochs=1), seed=0)
    assert fit.step()["train_loss"] < 3


def test_a_run_computes_in_its_precision(tmp_path):
    settings = {"task": "sinusoids", "task.trunk": "mlp", "training.epochs": 1}
    rows = {}
    for precision in ("float32", "bf16"):
        config = load_config(None, {**settings, "run.precision": precision}.items())
        train(config, tmp_path / precision)
        rows[precision] = (tmp_path / precision / "rows.jsonl").read_text()
        rows[precision] = rows[precision].partition("train_s")[0]
    assert rows["float32"] != rows["bf16"]


def test_tf32_holds_while_the_run_lasts_and_float32_is_full(tiny_task):
    before = [kind.fp32_precision for kind in PRODUCTS]
    loaded = TaskData(tiny_task, tiny_task.valid)
    for precision, wanted in (("tf32", "tf32"), ("float32", "ieee"), ("bf16", "ieee")):
        with computing_in(precision, loaded) as given:
            assert [kind.fp32_precision for kind in PRODUCTS] == [wanted, wanted]
            assert (given is loaded) is (precision != "bf16")
        assert [kind.fp32_precision for kind in PRODUCTS] == before


def test_what_a_device_does_not_have_is_refused(tmp_path, monkeypatch):
    config = load_config(None, [("run.precision", "tf32"), ("run.device", "cpu")])
    with pytest.raises(ConfigError, match="TF32 is a format of NVIDIA GPUs"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    gpu = torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Tesla V100")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 0))
    check_precision("float32", gpu)
    for precision in ("tf32", "bf16"):
        with pytest.raises(ConfigError, match=r"Tesla V100, compute capability 7\.0.*from 8\.0 on"):
            check_precision(precision, gpu)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    check_precision("tf32", gpu)


def test_why_finite_differences_are_refused_in_bfloat16(tiny_task, monkeypatch):
    """Of windows of noise, the exact gradient by the policy changes little, theirs by a quarter."""
    monkeypatch.setattr(chambon2018, "conv_max_pool", by_layers)  # as on a GPU
    torch.manual_seed(0)
    noise = Split(torch.randn(16, 2, 600), torch.arange(16) % 5)
    trunk = partial(Chambon2018, n_chans=2, n_times=600, sfreq=100.0, drop_prob=0.0)
    task = dataclasses.replace(tiny_task, train=noise, valid=noise, make_trunk=trunk)

    def gradient(task, how, seed):
        method = ADDA(warm_start=0, estimator="softmax", largest_step=None, hypergradient=how)
        learner = method.search(task, Training(), seed=0).learner
        torch.manual_seed(seed)
        learner.update((noise.x, noise.y), (noise.x.flip(0), noise.y.flip(0)))
        return torch.cat([p.grad.flatten() for p in learner.module["policy"].parameters()])

    change = {}
    for how in ("exact", "finite"):
        pairs = [(gradient(task, how, k), gradient(in_bf16(task), how, k)) for k in range(7)]
        change[how] = np.median([float((low - g).norm() / g.norm()) for g, low in pairs])
    print(change)  # docs/performance.md has these numbers
    assert change["exact"] < 0.06
    assert change["finite"] > 0.15


def test_finite_differences_in_bfloat16_are_refused():
    finite = {"hypergradient": "finite"}
    with pytest.raises(ConfigError, match=r"run\.precision: bf16 rounds too much .*'dada'"):
        load_config(None, [("method", {"name": "dada", **finite}), ("run.precision", "bf16")])
    values = {"methods": {"adda": finite}, "compare": {"precision": "bf16"}}
    with pytest.raises(ConfigError, match=r"compare\.precision: bf16 rounds"):
        comparison_of(values)
    values["compare"]["precision"] = "tf32"
    assert comparison_of(values).compare.precision == "tf32"
