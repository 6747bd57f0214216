"""ADDA and DADA on a problem whose best policy is known."""

import dataclasses

import pytest
import torch
from torch import nn

from sleepaug.augment import Transform
from sleepaug.training.fit import Training
from sleepaug.training.methods import ADDA, DADA
from sleepaug.training.methods.adda import Slots
from sleepaug.training.methods.dada import Pairs
from sleepaug.training.tasks.task import Split, Task


def turned_task(n=64):
    """Validation windows are the training windows upside down; the other transform erases."""
    torch.manual_seed(0)
    y = torch.arange(n) % 2
    wave = torch.stack([torch.ones(8), torch.tensor([1.0, -1.0] * 4)])[y][:, None]
    x = wave + 0.3 * torch.randn(n, 1, 8)
    transforms = (
        Transform("turn", lambda x, amount: x * (1 - 2 * amount[:, None, None])),
        Transform("erase", lambda x, amount: x * (1 - amount[:, None, None])),
    )
    return Task(
        train=Split(x, y),
        valid=Split(-x, y),
        transforms={t.name: t for t in transforms},
        make_trunk=lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(8, 16), nn.Softplus(), nn.Linear(16, 2)
        ),
        classes=("a", "b"),
    )


@pytest.mark.parametrize("estimator", ["softmax", "gumbel", "relax"])
def test_adda_learns_to_turn_windows_where_validation_windows_are_turned(estimator):
    training = Training(learning_rate=0.01)
    method = ADDA(
        estimator=estimator,
        policy_lr=300,
        choice_lr=0.05,
        largest_step=None,
        temperature=1.0,
        warm_start=3,
        epochs=40,
    )
    search = method.search(turned_task(), training, seed=0)
    while not search.pretraining.done:
        search.pretraining.step()
    losses = []
    while not search.done:
        losses.append(search.step()["valid_loss"])
    turn = search.learner.choosing.relaxed.weights[..., 0].mean()
    assert float(turn.detach()) > 0.6
    assert losses[-1] < losses[0] / 2


def test_the_choices_of_adda_stay_open_at_first_and_close_at_once_with_the_rate_of_the_paper():
    entropies = {}
    for rate in (ADDA().choice_lr, None):
        method = ADDA(choice_lr=rate, warm_start=0, epochs=1)
        search = method.search(turned_task(), Training(learning_rate=0.01), seed=0)
        before = float(search.learner.entropy())
        entropies[rate] = search.step()["choice_entropy"] / before
    assert entropies[ADDA().choice_lr] > 0.8
    assert entropies[None] < 0.1


def test_a_magnitude_of_adda_changes_by_no_more_than_the_largest_step():
    method = ADDA(largest_step=0.02, policy_lr=1e9, warm_start=0, epochs=1)
    search = method.search(turned_task(8), Training(learning_rate=0.01), seed=0)
    parameters = dict(search.learner.choosing.relaxed.named_parameters())
    amounts = {k: p for k, p in parameters.items() if not k.endswith("logits")}
    before = {k: p.detach().clone() for k, p in amounts.items()}
    search.step()  # one batch
    changes = torch.stack([(p.detach() - before[k]).abs().max() for k, p in amounts.items()])
    assert changes.max() == pytest.approx(0.02, rel=1e-3)


def test_dada_learns_the_probability_of_the_right_pair():
    task = turned_task()
    erase = task.transforms["erase"]
    spoil = dataclasses.replace(erase, name="spoil")
    task = dataclasses.replace(task, transforms={**task.transforms, "spoil": spoil})
    search = DADA(policy_lr=0.03, epochs=60).search(task, Training(learning_rate=0.01), seed=0)
    while not search.done:
        search.step()
    policy = search.learner.choosing
    logit = {(a.name, b.name): p for (a, b), p in zip(policy.pairs, policy.logits, strict=True)}
    assert float(logit["turn", "erase"]) > float(logit["erase", "spoil"])
    assert float(logit["turn", "spoil"]) > float(logit["erase", "spoil"])


def test_dada_has_every_pair_of_the_12_differentiable_transforms_once(tiny_task):
    pairs = Pairs(tiny_task.transforms)
    n = sum(t.differentiable for t in tiny_task.transforms.values())
    assert len(pairs.pairs) == n * (n - 1) // 2
    assert len({frozenset((a.name, b.name)) for a, b in pairs.pairs}) == len(pairs.pairs)
    with torch.no_grad():
        pairs.logits[[7, 2]] = torch.tensor([2.0, 1.0])
    first, second = pairs.freeze().subpolicies[:2]
    assert [step[0] for step in first] == [t.name for t in pairs.pairs[7]]
    assert [step[0] for step in second] == [t.name for t in pairs.pairs[2]]


def test_with_gumbel_noise_candidates_come_first_as_often_as_they_are_likely(monkeypatch):
    """The Gumbel-max trick: the argmax of logits plus noise has their softmax as its law."""
    transforms = turned_task(8).transforms
    names = ("turn", "erase", "spoil", "fade")  # of two, noise of either sign has the same law
    more = {name: dataclasses.replace(transforms["erase"], name=name) for name in names}
    policy = Slots(more, "gumbel", 0.5)
    logits = policy.choices.detach().copy_(0.7 * torch.randn(policy.choices.shape))
    firsts = []
    monkeypatch.setattr(
        "sleepaug.training.methods.adda.functional_call",
        lambda module, values, x: firsts.append(values["logits"].argmax(-1)),
    )
    for _ in range(2000):
        policy.augment(torch.zeros(1, 1, 8), None)
    seen = torch.nn.functional.one_hot(torch.stack(firsts), logits.shape[-1]).float().mean(0)
    torch.testing.assert_close(seen, torch.softmax(logits / 0.5, -1), atol=0.05, rtol=0)


def test_slopes_of_relax_are_by_the_choices_not_by_what_the_softmax_takes(monkeypatch):
    method = ADDA(estimator="relax", temperature=0.05, warm_start=0, epochs=1)
    learner = method.search(turned_task(8), Training(learning_rate=0.01), seed=0).learner
    monkeypatch.setattr(learner.relax, "gradient", lambda logits, *_: torch.ones_like(logits))
    batch = (turned_task(8).train.x, turned_task(8).train.y)
    learner.update(batch, batch)
    torch.testing.assert_close(
        learner.choosing.choices.grad, torch.full_like(learner.choosing.choices, 1 / 0.05)
    )
