"""The Chambon2018 trunk against braindecode's, and its fast form against the plain one."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from sleepaug.models import conv_max_pool_compiled as compiled
from sleepaug.models.chambon2018 import Chambon2018
from sleepaug.models.conv_max_pool import by_layers, conv_max_pool, sum_by_column
from sleepaug.models.trunks import make_trunk
from sleepaug.support.braindecode_import import braindecode
from sleepaug.support.errors import ConfigError


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(29)


@pytest.mark.parametrize("sfreq", [100.0, 128.0])
@pytest.mark.parametrize("n_chans", [1, 2, 6])
def test_same_as_braindecode(n_chans, sfreq):
    n_times = int(30 * sfreq)
    theirs = braindecode.models.SleepStagerChambon2018(
        n_chans=n_chans, n_times=n_times, sfreq=sfreq, n_outputs=5
    ).eval()
    ours = Chambon2018(n_chans=n_chans, n_times=n_times, sfreq=sfreq).eval()
    assert [p.shape for p in ours.parameters()] == [p.shape for p in theirs.parameters()]
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        mine.data.copy_(other.data)
    x = torch.randn(3, n_chans, n_times, requires_grad=True)
    got, wanted = ours(x), theirs(x)
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), got, atol=1e-6, rtol=1e-6)
    probe = torch.randn_like(got)
    pairs = zip(
        torch.autograd.grad((got * probe).sum(), [x, *ours.parameters()]),
        torch.autograd.grad((wanted * probe).sum(), [x, *theirs.parameters()]),
        strict=True,
    )
    for mine, other in pairs:
        assert (mine - other).abs().max() <= 1e-4 * other.abs().max()


@pytest.mark.parametrize(("n_rows", "n_in", "n_times"), [(3, 1, 100), (40, 4, 731), (1, 2, 60)])
@pytest.mark.parametrize(("n_taps", "pool", "padding"), [(50, 13, 25), (64, 16, 32), (5, 4, 2)])
def test_conv_max_pool_is_what_it_says(n_rows, n_in, n_times, n_taps, pool, padding):
    x = torch.randn(n_rows, n_times, n_in, dtype=torch.float64, requires_grad=True)
    x.data[0] = 0.0  # a flat row: all of its maxima are ties, and the first must win
    weight = torch.randn(8, n_in, n_taps, dtype=torch.float64, requires_grad=True)
    got = conv_max_pool(x, weight, pool, padding)
    wanted = F.max_pool1d(F.conv1d(x.transpose(1, 2), weight, padding=padding), pool)
    wanted = wanted.transpose(1, 2)
    torch.testing.assert_close(got, wanted)
    probe = torch.randn_like(got)
    for mine, other in zip(
        torch.autograd.grad((got * probe).sum(), (x, weight)),
        torch.autograd.grad((wanted * probe).sum(), (x, weight)),
        strict=True,
    ):
        torch.testing.assert_close(mine, other)
    with torch.no_grad():
        torch.testing.assert_close(conv_max_pool(x, weight, pool, padding), wanted)
    torch.testing.assert_close(by_layers(x, weight, pool, padding), wanted)


NEEDS_COMPILER = pytest.mark.skipif(
    compiled.library(13, compiled.compiler()) is None, reason="there is no C compiler"
)


@NEEDS_COMPILER
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize(("n_rows", "n_in", "n_times"), [(3, 1, 3000), (7, 8, 231), (1, 2, 60)])
@pytest.mark.parametrize(("n_taps", "pool", "padding"), [(50, 13, 25), (64, 16, 32), (5, 4, 1)])
def test_compiled_is_by_torch(n_rows, n_in, n_times, n_taps, pool, padding, n_threads):
    x = torch.randn(n_rows, n_times, n_in, requires_grad=True)
    x.data[0] = 0.0
    weight = torch.randn(8, n_in, n_taps, requires_grad=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    got = compiled.conv_max_pool(x, weight, pool, padding)
    assert "Compiled" in got.grad_fn.name()
    probe = torch.randn_like(got) * (torch.rand_like(got) < 0.5)
    mine = torch.autograd.grad((got * probe).sum(), (x, weight))
    torch.set_num_threads(threads)
    wanted = conv_max_pool(x.double(), weight.double(), pool, padding)
    torch.testing.assert_close(got.double(), wanted, atol=1e-4, rtol=1e-5)
    theirs = torch.autograd.grad((wanted * probe).sum(), (x, weight))
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-5)
    (of_weight,) = torch.autograd.grad(
        (compiled.conv_max_pool(x.detach(), weight, pool, padding) * probe).sum(), weight
    )
    torch.testing.assert_close(of_weight, theirs[1], atol=1e-3, rtol=1e-5)


@NEEDS_COMPILER
def test_compiled_gradient_can_be_differentiated():
    x = torch.randn(2, 60, 1, requires_grad=True)
    weight = torch.randn(8, 1, 5, requires_grad=True)

    def second(function, x, weight):
        value = function(x, weight, 4, 1)
        (first,) = torch.autograd.grad(value.square().sum(), weight, create_graph=True)
        return torch.autograd.grad(first.square().sum(), (x, weight))

    for one, other in zip(
        second(compiled.conv_max_pool, x, weight), second(conv_max_pool, x, weight), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-2)


def test_without_a_compiler_torch_does_it(monkeypatch, caplog):
    x, weight = torch.randn(2, 60, 1), torch.randn(8, 1, 5)
    wanted = conv_max_pool(x, weight, 4, 1)
    compiled.library.cache_clear()
    caplog.set_level("INFO")
    for command in ("", "no-such-compiler", "false"):
        monkeypatch.setenv("SLEEPAUG_CC", command)
        assert torch.equal(compiled.conv_max_pool(x, weight, 4, 1), wanted)
    assert caplog.text.count("the trunk runs on torch alone") == 3


def test_sums_by_column_are_a_matrix_product():
    table = torch.randn(7, 5, dtype=torch.float64)
    offsets = torch.tensor([0, 3, 6])  # each row's columns differ, as those of filters do
    column = (torch.randint(3, (7, 3)) + offsets).to(torch.uint8)
    weight = torch.randn(7, 3, dtype=torch.float64)
    matrix = torch.zeros(7, 10, dtype=torch.float64)
    for i, f in itertools.product(range(7), range(3)):
        matrix[i, int(column[i, f])] = weight[i, f]
    torch.testing.assert_close(sum_by_column(table, column, weight, 10), matrix.T @ table)


def test_second_derivatives():
    """Hypergradients differentiate the gradient of the trunk."""
    x = torch.randn(2, 40, 2, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 2, 7, dtype=torch.float64, requires_grad=True)

    def apply(x, weight):
        return conv_max_pool(x, weight, 4, 3)

    assert torch.autograd.gradcheck(apply, (x, weight))
    assert torch.autograd.gradgradcheck(apply, (x, weight))


def test_features_are_what_the_last_layer_sees():
    trunk = Chambon2018(n_chans=6, n_times=3000, sfreq=100.0, n_classes=4).eval()
    x = torch.randn(2, 6, 3000)
    features = trunk.features(x)
    assert features.shape == (2, trunk.final_layer.in_features)
    torch.testing.assert_close(trunk.final_layer(features), trunk(x))
    assert trunk(x).shape == (2, 4)
    trunk.train()
    assert not torch.equal(trunk(x), trunk(x))  # dropout


def test_parameter_count_is_that_of_the_paper_trunk():
    trunk = Chambon2018(n_chans=6, n_times=3000, sfreq=100.0)
    assert sum(p.numel() for p in trunk.parameters()) == 7743


def test_short_windows_are_refused():
    with pytest.raises(ConfigError, match="100 samples at 100 Hz are too short"):
        Chambon2018(n_chans=2, n_times=100, sfreq=100.0)
    assert Chambon2018(n_chans=2, n_times=169, sfreq=100.0)(torch.randn(1, 2, 169)).shape == (1, 5)


def test_make_trunk():
    shape = {"n_chans": 2, "n_times": 3000, "sfreq": 100.0, "n_classes": 5}
    trunk = make_trunk("chambon2018", **shape, drop_prob=0.1)
    assert isinstance(trunk, Chambon2018)
    assert trunk.dropout.p == 0.1
    other = make_trunk("SleepStagerBlanco2020", **shape)
    assert other(torch.randn(2, 2, 3000)).shape == (2, 5)
    with pytest.raises(ConfigError, match="SleepStagerBlanco2020"):
        make_trunk("SleepStagerBlanco2021", **shape)
    with pytest.raises(ConfigError, match="Did you mean 'chambon2018'"):
        make_trunk("chambon", **shape)
