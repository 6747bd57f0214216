"""The state of random numbers, on fewer GPUs than it was taken from."""

import ast
import contextlib
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import sleepaug
from sleepaug.augment import Identity
from sleepaug.augment.model import log_probabilities
from sleepaug.training.clock import Clock
from sleepaug.training.fit import Fit, Training
from sleepaug.training.random_state import random_state, set_random_state
from sleepaug.training.runs import RunFolder


def test_a_state_of_more_gpus_than_there_are_is_taken_as_far_as_it_goes(monkeypatch):
    states = [torch.full((16,), i, dtype=torch.uint8) for i in range(3)]
    taken = {}
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda s, number: taken.update({number: s}))
    set_random_state({**random_state(), "cuda": states})
    assert sorted(taken) == [0, 1]
    assert all(torch.equal(taken[i], states[i]) for i in taken)


@pytest.mark.parametrize("n_gpus", [0, 1, 3])
def test_a_run_from_three_gpus_goes_on_with_fewer(n_gpus, tmp_path, monkeypatch, tiny_task):
    states = [torch.full((16,), i, dtype=torch.uint8) for i in range(3)]
    fit = Fit(tiny_task, Identity(), Training(epochs=3), seed=0)
    fit.step()
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: states)
    RunFolder(tmp_path).save(fit, Clock())
    torch.rand(5)

    taken = {}
    monkeypatch.setattr(torch.cuda, "device_count", lambda: n_gpus)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda s, number: taken.update({number: s}))
    again = Fit(tiny_task, Identity(), Training(epochs=3), seed=0)
    assert RunFolder(tmp_path).restore(again, Clock(), "cpu")
    assert [int(state[0]) for state in taken.values()] == list(range(n_gpus))
    assert again.n_steps == 1
    second = again.step()
    RunFolder(tmp_path).restore(again, Clock(), "cpu")
    assert again.step() == second


def test_who_forks_random_numbers_names_the_devices():
    """Without names torch saves the state of every GPU of the machine, and warns."""
    unnamed, n_calls = [], 0
    for path in Path(sleepaug.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("fork_rng"):
                n_calls += 1
                if "devices" not in [keyword.arg for keyword in node.keywords]:
                    unnamed.append(f"{path.name}:{node.lineno}")
    assert n_calls >= 3
    assert not unnamed


def test_a_prediction_forks_the_random_numbers_of_its_gpu(monkeypatch):
    gpu, forked = torch.device("cuda", 1), []

    @contextlib.contextmanager
    def fork_rng(devices):
        forked.append(devices)
        yield

    monkeypatch.setattr(torch.random, "fork_rng", fork_rng)
    windows = SimpleNamespace(is_cuda=True, device=gpu, split=lambda size: [torch.zeros(2, 3)])
    log_probabilities(torch.nn.Identity(), windows)
    log_probabilities(torch.nn.Identity(), torch.zeros(2, 3))
    assert forked == [[gpu], []]
