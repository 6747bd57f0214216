"""`rows.csv`: the rows of a run as pandas reads them."""

import pandas as pd
import pytest
import torch

from sleepaug.training.clock import Clock
from sleepaug.training.row_table import flat, write_row_table
from sleepaug.training.runs import RunFolder, advance


class Counting:
    """A process of four steps; its rows are nested, and later ones have more."""

    def __init__(self):
        self.n_steps = 0

    @property
    def done(self):
        return self.n_steps == 4

    def step(self):
        self.n_steps += 1
        more = {"late": self.n_steps / 8} if self.n_steps > 2 else {}
        layers = [{"weight": {"sign flip": self.n_steps / 4}}]
        return {"epoch": self.n_steps, "loss": None, "note": 'a, "b"', "layers": layers, **more}

    def state_dict(self):
        return {"n_steps": self.n_steps}

    def load_state_dict(self, state):
        self.n_steps = state["n_steps"]


def run(path, stop_after=None):
    folder = RunFolder(path)

    def tell(row):
        if row["epoch"] == stop_after:
            raise KeyboardInterrupt

    advance(Counting(), folder, Clock(timer=iter(range(100)).__next__), tell=tell)


def test_the_table_has_the_rows_after_a_stop_and_after_the_end(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop_after=2)
    assert pd.read_csv(tmp_path / "rows.csv")["epoch"].tolist() == [1, 2]
    run(tmp_path)
    table = pd.read_csv(tmp_path / "rows.csv")
    columns = ["epoch", "loss", "note", "layers.0.weight.sign flip", "train_s", "late"]
    assert list(table) == columns
    assert table["epoch"].tolist() == [1, 2, 3, 4]
    assert table["layers.0.weight.sign flip"].tolist() == [0.25, 0.5, 0.75, 1.0]
    assert table["late"].isna().tolist() == [True, True, False, False]
    assert table["loss"].isna().all()
    assert set(table["note"]) == {'a, "b"'}


def test_numbers_are_written_to_the_last_digit(tmp_path):
    write_row_table(tmp_path / "rows.csv", [{"x": 0.1 + 0.2}, {"x": 1e-300}])
    table = pd.read_csv(tmp_path / "rows.csv")
    assert table["x"].tolist() == [0.1 + 0.2, 1e-300]


def test_flat_names_do_not_lose_a_value():
    assert flat({"a": {"b": [1, {"c": 2}]}, "d": ()}) == {"a.b.0": 1, "a.b.1.c": 2}


def test_a_checkpoint_of_before_energy_was_counted_is_continued(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop_after=2)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    del state["joules"]
    torch.save(state, tmp_path / "checkpoint.pt")
    run(tmp_path)
    assert [row["epoch"] for row in RunFolder(tmp_path).rows()] == [1, 2, 3, 4]
