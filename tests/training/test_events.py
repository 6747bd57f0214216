"""Event files hold what the rows of a run hold: once, also after a kill, and with the scores."""

import json
import math
import sys

import pytest
from command_line import run

from sleepaug.experiments.run import RunOptions, train
from sleepaug.experiments.settings import load_config
from sleepaug.support.errors import ConfigError
from sleepaug.training.clock import Clock
from sleepaug.training.events import ENDING, scalars
from sleepaug.training.runs import RunFolder, advance


class Falling:
    """A process of five steps whose loss falls; the third row has no loss."""

    n_steps = 0

    @property
    def done(self):
        return self.n_steps == 5

    def step(self):
        self.n_steps += 1
        loss = None if self.n_steps == 3 else 1 / self.n_steps
        augmentation = {"1.sign_flip.weight": self.n_steps / 8, "1.sign_flip.amount": 0.25}
        return {"epoch": self.n_steps, "valid_loss": loss, "augmentation": augmentation}

    def state_dict(self):
        return {"n_steps": self.n_steps}

    def load_state_dict(self, state):
        self.n_steps = state["n_steps"]


class Killed(BaseException):
    """Stops a process after its row was written."""


def go_on(path, *, tensorboard=True, die_after=None, unsaved=False):
    folder = RunFolder(path, tensorboard=tensorboard)
    if unsaved:  # killed between the row and the checkpoint

        def save(process, clock):
            if process.n_steps == die_after:
                raise Killed
            RunFolder.save(folder, process, clock)

        folder.save = save

    def tell(row):
        if row["epoch"] == die_after:
            raise Killed

    clock = Clock(timer=iter(range(0, 10**6, 60)).__next__)  # each step takes a minute
    advance(Falling(), folder, clock, tell=tell)


def read(path):
    """Curves as TensorBoard reads them: of each name, (step, value, time) in order."""
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    ).EventAccumulator(str(path), size_guidance={"scalars": 0})
    accumulator.Reload()
    return {
        tag: [(event.step, event.value, event.wall_time) for event in accumulator.Scalars(tag)]
        for tag in accumulator.Tags()["scalars"]
    }


def assert_whole(path):
    curves = read(path)
    steps = {tag: [step for step, _, _ in curve] for tag, curve in curves.items()}
    every = [1, 2, 3, 4, 5]
    assert steps == {
        "epoch": every,
        "train/s": every,
        "valid/loss": [1, 2, 4, 5],
        "weight/1.sign_flip": every,
        "amount/1.sign_flip": every,
    }
    losses = [value for _, value, _ in curves["valid/loss"]]
    assert losses == pytest.approx([1, 1 / 2, 1 / 4, 1 / 5])
    assert [value for _, value, _ in curves["train/s"]] == [60, 120, 180, 240, 300]
    times = [when for _, _, when in curves["epoch"]]
    assert [later - times[0] for later in times] == pytest.approx([0, 60, 120, 180, 240], abs=1e-3)


def test_events_are_the_rows(tmp_path):
    pytest.importorskip("tensorboard")
    go_on(tmp_path)
    assert_whole(tmp_path)


@pytest.mark.parametrize("unsaved", [False, True])
def test_no_point_is_lost_or_doubled_after_kills(tmp_path, unsaved):
    pytest.importorskip("tensorboard")
    for epoch in (2, 3):
        with pytest.raises(Killed):
            go_on(tmp_path, die_after=epoch, unsaved=unsaved)
    foreign = tmp_path / "events.out.tfevents.1.host.1.0"
    foreign.write_bytes(b"")
    go_on(tmp_path)
    assert_whole(tmp_path)
    assert foreign.exists()
    assert len(list(tmp_path.glob(f"events.*{ENDING}"))) == 1


def test_a_run_that_began_without_events_gets_all_of_them(tmp_path):
    pytest.importorskip("tensorboard")
    with pytest.raises(Killed):
        go_on(tmp_path, tensorboard=False, die_after=2)
    go_on(tmp_path)
    assert_whole(tmp_path)


def test_what_is_no_finite_number_is_left_out():
    row = {"a": math.nan, "b": None, "status": "running", "valid_loss": math.inf, "trial": 3}
    assert scalars(row) == {"trial": 3.0}


SETTINGS = {"task.name": "sinusoids", "training.epochs": 1, "training.batch_size": 100}


def assert_scores(path, metrics):
    curves = read(path)
    assert len(curves["valid/balanced_accuracy"]) == metrics["epochs"]
    for part in ("valid", "test"):
        for name in ("balanced_accuracy", "accuracy", "cohen_kappa", "macro_f1"):
            ((step, value, _),) = curves[f"scores/{part}/{name}"]
            assert step == metrics["best_epoch"]
            assert value == pytest.approx(metrics[part][name])
    recall = {name.rpartition("/")[2] for name in curves if name.startswith("scores/test/recall/")}
    assert recall == {name.replace(" ", "_") for name in metrics["test"]["recall"]}


def test_a_run_ends_with_the_events_of_its_scores(tmp_path):
    pytest.importorskip("tensorboard")
    metrics = train(load_config(None, SETTINGS.items()), tmp_path, RunOptions(tensorboard=True))
    assert_scores(tmp_path, metrics.to_json())


def test_a_run_that_ended_without_events_gets_them_from_the_command_line(tmp_path):
    pytest.importorskip("tensorboard")
    settings = SETTINGS | {"method.name": "faster-aa", "method.epochs": 1}
    pairs = [f"--set={key}={value}" for key, value in settings.items()]
    command = ("train", *pairs, "-o", tmp_path / "run")
    first = json.loads(run(*command, "--json").stdout)
    assert not list(tmp_path.rglob("events.*"))
    result = run(*command, "--json", "--tensorboard")
    assert "nothing to do but" in result.stderr
    assert json.loads(result.stdout) == first
    assert_scores(tmp_path / "run", first)
    search = read(tmp_path / "run" / "search")
    (row,) = RunFolder(tmp_path / "run" / "search").rows()
    ((step, value, _),) = search["critic_loss"]
    assert (step, value) == (1, pytest.approx(row["critic_loss"]))
    assert any(name.startswith("probability/1.1.") for name in search)


def test_without_tensorboard_nothing_begins_and_the_message_says_how_to_get_it(
    tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match=r"pip install 'sleepaug\[tensorboard\]'"):
        train(load_config(None, SETTINGS.items()), tmp_path / "run", RunOptions(tensorboard=True))
    assert not (tmp_path / "run").exists()
