"""Several models together: the mean of their probabilities, and where they disagree."""

import json
from dataclasses import replace

import edfio
import numpy as np
import pandas as pd
import pytest
from command_line import run
from model_file import write_model

import sleepaug
from sleepaug.staging.any_stager import AnyStager
from sleepaug.staging.evaluation import EvaluationSettings, evaluate_model
from sleepaug.staging.several_stagers import SeveralStagers
from sleepaug.support.errors import RecordingError


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two models of other weights."""
    import torch
    from safetensors import safe_open
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("pair")
    first = write_model(folder / "first.safetensors")
    with safe_open(first, framework="pt") as file:
        torch.manual_seed(5)
        weights = {k: torch.randn(file.get_tensor(k).shape) * 0.3 for k in file.keys()}  # noqa: SIM118
        weights = {k: v.abs() if "running_var" in k else v for k, v in weights.items()}
        counts = {k: file.get_tensor(k) for k in weights if "num_batches" in k}
        save_file({**weights, **counts}, folder / "second.safetensors", metadata=file.metadata())
    return folder / "first.safetensors", folder / "second.safetensors"


def test_probabilities_are_means_and_disagreement_is_marked(pair, night):
    alone = [sleepaug.load_model(path).predict(night) for path in pair]
    both = sleepaug.load_model(pair).predict(night)
    mean = (alone[0].probabilities + alone[1].probabilities) / 2
    np.testing.assert_allclose(both.probabilities, mean)
    differ = alone[0].stages != alone[1].stages
    assert differ.any()
    expected = [
        f"first={a} second={b}" if a != b else ""
        for a, b in zip(alone[0].stages, alone[1].stages, strict=True)
    ]
    assert both.disagree == expected
    assert f"the models disagree in {differ.sum()} of 40 epochs" in both.summary()
    assert sleepaug.load_model(",".join(map(str, pair))).predict(night).disagree == expected
    opened = both.without_disagreement()
    assert (opened.stages == "?").tolist() == differ.tolist()
    assert {reason for reason in opened.reason if reason} == {"the models disagree"}


class Fixed(AnyStager):
    """A stager of given hypnogram."""

    sources = ()

    def __init__(self, night, **changes):
        self.night = replace(night, **changes)

    def stage(self, recording, **options):
        return self.night


def test_a_window_that_one_model_cannot_stage_is_staged_by_the_others(pair, night):
    whole = sleepaug.load_model(pair[0]).predict(night)
    p = whole.probabilities.copy()
    p[[3, 4]] = np.nan
    q = np.roll(whole.probabilities, 1, axis=1)
    q[4] = np.nan
    bad = ["flat" if k in (3, 4) else "" for k in range(40)]
    worse = ["clipped" if k == 4 else "" for k in range(40)]
    stagers = {
        "a": Fixed(whole, probabilities=p, reason=bad, notes=["shared", "Warning: loud."]),
        "b": Fixed(whole, probabilities=q, reason=worse, notes=["shared"]),
    }
    together = SeveralStagers(stagers).predict(night)
    np.testing.assert_array_equal(together.probabilities[3], q[3])
    assert np.isnan(together.probabilities[4]).all()
    assert together.reason[4] == "flat; clipped"
    assert [k for k, reason in enumerate(together.reason) if reason] == [4]
    assert together.disagree[3] == together.disagree[4] == ""
    assert list(together.notes)[:2] == ["shared", "Warning: a: loud."]


def test_the_error_of_one_model_names_it(pair, night):
    with pytest.raises(RecordingError, match=r"first: .*mapped to X"):
        sleepaug.load_model(pair).predict(night, map={"O2": "X"})


def test_outputs_hold_the_column_the_models_and_the_command(pair, night, tmp_path):
    models = ",".join(map(str, pair))
    where = ("-o", tmp_path / "o", "--to=csv,html,edf,bids")
    result = run("predict", night, "--model", models, *where)
    table = pd.read_csv(tmp_path / "o" / f"{night.stem}.hypnogram.csv")
    n = int(table["disagree"].notna().sum())
    assert n
    assert f"the models disagree in {n} of 40 epochs" in result.stdout
    summary = json.loads((tmp_path / "o" / f"{night.stem}.summary.json").read_text())
    assert summary["model"]["name"] == "first,second"
    hashes = summary["model"]["hash"].split(",")
    assert [len(one) for one in hashes] == [64, 64]
    assert len(set(hashes)) == 2
    assert summary["model"]["trained_on"] == "simulated data (7 windows)"
    assert summary["channels"][0] == "C3: EEG C3-CLE, as recorded (reference CLE)."
    assert summary["command"].startswith(f"sleepaug predict '{night}' --model")
    page = (tmp_path / "o" / f"{night.stem}.html").read_text()
    for one in (hashes[0], hashes[1], "simulated data (7 windows)", "Command: sleepaug predict"):
        assert one in page
    events = json.loads((tmp_path / "o" / f"{night.stem}_events.json").read_text())
    assert events["GeneratedBy"]["model"] == summary["model"]
    header = edfio.read_edf(tmp_path / "o" / f"{night.stem}.hypnogram.edf").recording
    assert header.equipment_code == f"sleepaug_{sleepaug.__version__}"
    assert header.additional[0].startswith(f"first_{hashes[0][:8]}+second")
    again = ("-o", tmp_path / "p", "--to=csv", "--defer-disagreement")
    deferred = run("predict", night, "--model", models, *again).stdout
    assert f"{n} not scored (the models disagree: {n})" in deferred
    name = f"{night.stem}.hypnogram.csv"
    agreed = run("agree", tmp_path / "p" / name, tmp_path / "o" / name).stdout
    assert f"{40 - n} epochs" in agreed


def test_one_model_cannot_disagree(installed, night, tmp_path):
    refused = run("predict", night, "-o", tmp_path / "o", "--defer-disagreement", code=2)
    assert "does not disagree with itself" in refused.output
    assert "--defer-disagreement" in refused.output
    assert not (tmp_path / "o").exists()


def test_evaluate_scores_what_predict_gives(pair, nights):
    scores = evaluate_model(pair, EvaluationSettings(data="mass", data_dir=nights)).scores
    stager = sleepaug.load_model(pair)
    for night in nights.glob("*PSG.edf"):
        stages = stager.predict(night).stages
        counts = [int((stages == stage).sum()) for stage in ("W", "N1", "N2", "N3", "R")]
        confusion = scores["nights"][night.name.split()[0]]["confusion"]
        assert np.sum(confusion, axis=0).tolist() == counts
