"""What every method must do: run, find a policy that works, and go on bit for bit after a stop."""

import dataclasses
import inspect
import io
import json

import pytest
import torch

from sleepaug.augment import AugmentationModule, Identity, Policy
from sleepaug.training.fit import Fit, Training
from sleepaug.training.methods import METHODS
from sleepaug.training.random_state import random_state, set_random_state
from sleepaug.training.tasks.task import Task

SHORT = Training(epochs=2)
OPTIONS = {  # small enough for a test
    "random": {"trials": 3},
    "autoaugment": {"trials": 3, "unit": "policy"},
    "fast-aa": {"trials": 4, "folds": 2, "best_of": 2},
    "faster-aa": {"epochs": 2},
    "dada": {"epochs": 2},
    "adda": {"epochs": 2, "warm_start": 2},
}
FOR_EEG = [name for name in METHODS if name != "augerino"]


def small(task):
    """Fewer windows and transforms; band-stop, which no gradient reaches, is among them."""
    names = ("time_reverse", "gaussian_noise", "bandstop_filter", "channels_dropout")
    return dataclasses.replace(task, transforms={k: task.transforms[k] for k in names})


def search_of(name, task, seed=3):
    return METHODS[name](**OPTIONS.get(name, {})).search(task, SHORT, seed=seed)


def finish(search, log, stop_after=None):
    """Advance as the driver does; `log` receives the rows."""
    while not search.done:
        pretraining = search.pretraining
        process = search if pretraining is None or pretraining.done else pretraining
        log.append(process.step())
        if len(log) == stop_after:
            return


def flat(state):
    """Every number in a state, as text that differs if a bit does."""
    if isinstance(state, torch.Tensor):
        return [state.tolist()]
    if isinstance(state, dict):
        return [part for key, value in state.items() for part in [key, *flat(value)]]
    if isinstance(state, list | tuple):
        return [part for value in state for part in flat(value)]
    return [repr(state)]


@pytest.mark.parametrize("name", FOR_EEG)
def test_a_stopped_search_goes_on_bit_for_bit(tiny_task, name):
    task = small(tiny_task)
    whole, rows = search_of(name, task), []
    finish(whole, rows)
    assert whole.n_steps == whole.most_steps
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    for stop_after in range(1, len(rows)):
        stopped, again = search_of(name, task), []
        finish(stopped, again, stop_after)
        file = io.BytesIO()
        torch.save((stopped.state_dict(), random_state()), file)
        resumed = search_of(name, task)
        torch.rand(5)  # whatever happened in between
        file.seek(0)
        state, randomness = torch.load(file, weights_only=True)
        resumed.load_state_dict(state)
        set_random_state(randomness)
        finish(resumed, again)
        assert again == rows
        assert flat(resumed.state_dict()) == flat(whole.state_dict())


@pytest.mark.parametrize("name", FOR_EEG)
def test_it_finds_an_augmentation_that_a_model_trains_with(tiny_task, name):
    task = small(tiny_task)
    search = search_of(name, task)
    finish(search, [])
    augment = search.augmentation()
    if name in ("none", "augnet"):
        assert type(augment) is {"none": Identity, "augnet": AugmentationModule}[name]
    else:
        assert isinstance(augment, Policy)
        method = METHODS[name](**OPTIONS.get(name, {}))
        most = method.top * method.folds if name == "fast-aa" else 5
        assert 1 <= len(augment.subpolicies) <= most
        assert all(len(steps) == 2 for steps in augment.subpolicies)
        used = {step[0] for steps in augment.subpolicies for step in steps}
        learned_by_gradient = name in ("faster-aa", "dada", "adda")
        assert not (learned_by_gradient and "bandstop_filter" in used)
        assert Policy(augment.to_json(), task.transforms).to_json() == augment.to_json()
    fit = Fit(task, augment, SHORT, regularization=search.regularization, seed=0)
    assert json.dumps(fit.step(), allow_nan=False)


@pytest.mark.parametrize("name", FOR_EEG)
def test_two_searches_with_one_seed_agree(tiny_task, name):
    """Nothing is drawn from a stream that a seed does not fix."""
    task, policies = small(tiny_task), []
    for _ in range(2):
        torch.rand(3)
        search = search_of(name, task)
        finish(search, [])
        policies.append(search.augmentation().describe())
    assert policies[0] == policies[1]


def test_no_method_is_given_the_test_split():
    assert {field.name for field in dataclasses.fields(Task)} == {
        "train",
        "valid",
        "transforms",
        "make_trunk",
        "classes",
    }
    for method in METHODS.values():
        assert list(inspect.signature(method.search).parameters) == [
            "self",
            "task",
            "training",
            "seed",
            "fold",
        ]


def test_the_warm_start_is_training_without_augmentation(tiny_task):
    """A trunk trained for the method `none` with the same seed can stand in for it."""
    search = search_of("adda", small(tiny_task))
    finish(search, rows := [], stop_after=2)
    none = Fit(tiny_task, Identity(), dataclasses.replace(SHORT, epochs=9), seed=3)
    assert [none.step()["valid_loss"] for _ in range(2)] == [row["valid_loss"] for row in rows]
    ours = search.pretraining.model.trunk.state_dict()
    for key, value in none.model.trunk.state_dict().items():
        assert torch.equal(value, ours[key])


def test_a_search_that_diverges_says_so(tiny_task):
    search = METHODS["faster-aa"](learning_rate=1e30, epochs=3).search(
        small(tiny_task), SHORT, seed=0
    )
    with pytest.raises(FloatingPointError, match="diverged in epoch"):
        finish(search, [])
