"""The state of random numbers, on fewer GPUs than it was taken from."""

import torch

from sleepaug.training.random_state import random_state, set_random_state


def test_a_state_of_more_gpus_than_there_are_is_taken_as_far_as_it_goes(monkeypatch):
    states = [torch.full((16,), i, dtype=torch.uint8) for i in range(3)]
    taken = {}
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda s, number: taken.update({number: s}))
    set_random_state({**random_state(), "cuda": states})
    assert sorted(taken) == [0, 1]
    assert all(torch.equal(taken[i], states[i]) for i in taken)
