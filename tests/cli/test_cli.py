"""The commands as a user types them: what they print, write, refuse, and leave alone."""

import json
import shlex
import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import run

import sleepaug
from sleepaug.staging.hypnogram import formats

CHANNELS = "--channels=C3,O1"


def train(nights, output, *more, code=0):
    base = ("--data", "mass", "--data-dir", nights, CHANNELS, "--device=cpu", "--epochs=3")
    return run("train", *base, "-o", output, *more, code=code)


@pytest.fixture(scope="module")
def trained(nights, tmp_path_factory):
    """A run on the little nights, long enough to tell stages apart."""
    output = tmp_path_factory.mktemp("runs") / "run"
    train(nights, output, "--epochs=8", "--set", "training.learning_rate=5e-3")
    return output


@pytest.mark.parametrize(
    ("word", "said", "more"), [("--help", "predict", {"numpy"}), ("models", "default:", {})]
)
def test_what_is_quick_imports_nothing_heavy(word, said, more):
    code = (
        "import sys; from sleepaug.cli import main\n"
        f"try: main([{word!r}])\nexcept SystemExit: pass\n"
        f"heavy = {{'torch', 'mne', 'sklearn', 'braindecode', 'pandas', *{more}}}\n"
        "assert not heavy & set(sys.modules)"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert time.perf_counter() - start < 3  # a bound that no busy machine breaks; 0.1 s is usual


def test_train_writes_the_run_folder(trained):
    names = {path.name for path in trained.iterdir()}
    assert names == {
        *("config.yaml", "environment.json", "splits.json", "nights.json", "rows.jsonl"),
        *("rows.csv", "metrics.json", "policy.json", "model.safetensors", "checkpoint.pt"),
    }
    splits = json.loads((trained / "splits.json").read_text())
    people = [person for part in splits.values() for person in part]
    assert len(people) == len(set(people)) == 5
    metrics = json.loads((trained / "metrics.json").read_text())
    for part in ("valid", "test"):
        scores = metrics[part]
        confusion = np.array(scores["confusion"])
        assert confusion.sum() == 40 * len(splits[part])
        assert scores["accuracy"] == pytest.approx(np.trace(confusion) / confusion.sum())
        assert set(scores["nights"]) == set(splits[part])
        assert set(scores["recall"]) == {"W", "N1", "N2", "N3", "R"}
    assert metrics["test"]["balanced_accuracy"] > 0.5  # chance is 0.2
    rows = [json.loads(line) for line in (trained / "rows.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == list(range(1, 9))


def test_a_finished_run_is_not_run_again_and_other_settings_are_refused(nights, tmp_path):
    first = train(nights, tmp_path / "run")
    before = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    assert train(nights, tmp_path / "run").stdout == first.stdout
    refused = train(nights, tmp_path / "run", "--seed=4", "--method=fixed", code=2)
    assert "run.seed: 0 before, 4 now" in refused.output
    assert "method.name: 'none' before, 'fixed' now" in refused.output
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    train(nights, tmp_path / "run", "--seed=4", "--overwrite")
    assert "seed: 4" in (tmp_path / "run" / "config.yaml").read_text()


def test_a_killed_training_goes_on_to_the_same_end(nights, tmp_path, monkeypatch):
    train(nights, tmp_path / "whole", "--method=fixed")
    from sleepaug.training.fit import Fit

    step = Fit.step

    def killed(self):
        if self.n_steps == 2:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(Fit, "step", killed)
    stopped = train(nights, tmp_path / "killed", "--method=fixed", code=130)
    assert "The same command resumes it" in stopped.output
    monkeypatch.undo()
    monkeypatch.setenv("SLEEPAUG_CACHE_DIR", str(tmp_path / "another cache"))
    train(nights, tmp_path / "killed", "--method=fixed")
    for name in ("metrics.json", "model.safetensors", "splits.json"):
        whole, killed = (tmp_path / run / name for run in ("whole", "killed"))
        assert whole.read_bytes() == killed.read_bytes()


def test_every_fold_pools_the_counts(nights, tmp_path):
    result = train(nights, tmp_path / "all", "--fold=all", "--epochs=1", "--json")
    pooled = json.loads(result.stdout)["test"]
    assert pooled["n_windows"] == 5 * 40  # each night is tested once
    assert len(pooled["folds"]) == 5
    assert len(pooled["nights"]) == 5
    report = run("report", tmp_path / "all")
    assert "balanced accuracy of 5 folds" in report.stdout
    assert (tmp_path / "all" / "report.png").read_bytes().startswith(b"\x89PNG")


def test_the_next_command_can_be_pasted(tmp_path):
    said = run("simulate", tmp_path / "my nights", "--nights=1", "--hours=0.01", "--channels=C3")
    *_, following = said.stdout.splitlines()
    words = shlex.split(following.removeprefix("Next: sleepaug "))
    assert words == ["train", "--data", "simulated", "--data-dir", str(tmp_path / "my nights")]


def test_bare_output_is_a_new_folder(nights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for expected in ("runs/mass-none-fold0-seed0", "runs/mass-none-fold0-seed0-2"):
        base = ("--data", "mass", "--data-dir", nights, CHANNELS, "--epochs=1")
        assert f"Run folder: {expected}" in run("train", *base).stderr
        assert Path(expected, "metrics.json").is_file()


def test_blanco_is_a_trunk_too(nights, tmp_path):
    train(nights, tmp_path / "run", "--epochs=1", "--set", "task.trunk=SleepStagerBlanco2020")
    unknown = train(nights, tmp_path / "no", "--set", "task.trunk=SleepStagerChambn2018", code=2)
    assert "Did you mean 'SleepStagerChambon2018'?" in unknown.output
    night = next(nights.glob("*PSG.edf"))
    hypnogram = sleepaug.load_model(tmp_path / "run").predict(night)
    assert len(hypnogram) == 40


def test_report_draws_what_was_trained(trained):
    result = run("report", trained)
    assert "balanced accuracy" in result.stdout
    invariance = json.loads((trained / "metrics.json").read_text())["invariance"]
    assert set(invariance) >= {"sign_flip", "frequency_shift", "bandstop_filter"}
    assert all(one["median"] <= 1 for one in invariance.values())
    assert f"{invariance['sign_flip']['median']:.3f}" in result.stdout
    assert (trained / "report.png").read_bytes().startswith(b"\x89PNG")
    (trained / "report.png").unlink()


def test_augnet_says_what_it_learned_and_exports_it(nights, tmp_path):
    output = tmp_path / "run"
    result = train(nights, output, "--method=augnet", "--grid=regularization=0.1,10")
    assert "<- kept: best on valid" in result.stdout
    assert "rotation x: left out, no 10-20 position" not in result.stderr  # C3 and O1 have one
    assert "channels_symmetry: left out" in result.stderr
    policy = json.loads((output / "policy.json").read_text())
    assert policy["channels"] == ["C3", "O1"]
    for layer in policy["layers"]:
        assert sum(entry["weight"] for entry in layer) == pytest.approx(1, abs=1e-5)
        words = max(layer, key=lambda e: e["weight"])["transform"].replace("_", " ")
        assert words in result.stdout
    metrics = json.loads((output / "metrics.json").read_text())
    scores = {k: v["valid"]["balanced_accuracy"] for k, v in metrics["variants"].items()}
    assert scores[metrics["best"]] == max(scores.values())
    row = json.loads((output / metrics["best"] / "rows.jsonl").read_text().splitlines()[-1])
    assert "1.sign_flip.amount" in row["augmentation"]
    report = run("report", output).stdout
    assert f"Kept: {metrics['best']}" in report
    assert words in report
    assert "balanced accuracy valid" in report
    run("report", output / metrics["best"])
    assert (output / metrics["best"] / "learned.png").read_bytes().startswith(b"\x89PNG")
    code = run("export", output, "--to=braindecode").stdout
    assert "transform = Compose([" in code
    night = next(nights.glob("*PSG.edf"))
    first, second = (sleepaug.load_model(output).predict(night) for _ in range(2))
    assert np.array_equal(first.probabilities, second.probabilities)  # C copies, the same draws
    run("export", output, "--to=json", "-o", tmp_path / "p.json")
    assert json.loads((tmp_path / "p.json").read_text()) == policy
    assert "already" in run("export", output, "--to=json", "-o", tmp_path / "p.json", code=2).output


def test_evaluate_scores_another_set_and_names_known_subjects(trained, nights, tmp_path):
    on = ("evaluate", trained, "--json", "--data-dir")
    seen = json.loads(run(*on, nights, "--data=mass").stdout)
    splits = json.loads((trained / "splits.json").read_text())
    for subject in splits["train"] + splits["valid"]:
        assert any(subject in line for line in seen["warnings"])
    assert not any(splits["test"][0] in line for line in seen["warnings"])
    metrics = json.loads((trained / "metrics.json").read_text())
    for part in ("valid", "test"):
        for night, scores in metrics[part]["nights"].items():
            assert seen["nights"][night] == scores

    known, renamed = splits["train"][0], tmp_path / "renamed"
    renamed.mkdir()
    for kind in ("PSG", "Base"):
        shutil.copy(nights / f"{known} {kind}.edf", renamed / f"01-03-0066 {kind}.edf")
    assert "0066" in json.loads(run(*on, renamed, "--data=simulated").stdout)["warnings"][0]

    other = tmp_path / "other"
    other.mkdir()
    for kind in ("PSG", "Base"):
        tested = splits["test"][0]
        shutil.copy(nights / f"{tested} {kind}.edf", other / f"{known} {kind}.edf")
    assert json.loads(run(*on, other, "--data=simulated").stdout)["warnings"] == []


def test_predict_writes_a_row_for_every_epoch(trained, nights, tmp_path):
    night = next(nights.glob("*PSG.edf"))
    result = run("predict", night, "--model", trained, "-o", tmp_path)
    assert "C3: EEG C3-CLE" in result.stdout
    table = pd.read_csv(tmp_path / f"{night.stem}.hypnogram.csv")
    columns = "epoch,onset,duration,time,stage,confidence,p_W,p_N1,p_N2,p_N3,p_R,reason,look_first"
    assert ",".join(table.columns) == columns
    assert table.epoch.tolist() == list(range(1, 41))
    assert table.onset.tolist() == [30.0 * i for i in range(40)]
    probabilities = table[["p_W", "p_N1", "p_N2", "p_N3", "p_R"]]
    assert np.allclose(probabilities.sum(axis=1), 1, atol=5e-4)
    assert np.allclose(probabilities.max(axis=1), table.confidence)
    assert (probabilities.idxmax(axis=1).str[2:] == table.stage).all()
    assert table.reason.isna().all()
    assert (tmp_path / f"{night.stem}.png").read_bytes().startswith(b"\x89PNG")


def test_python_gives_the_same_table_from_an_mne_raw(trained, nights):
    import mne

    night = next(nights.glob("*PSG.edf"))
    stager = sleepaug.load_model(trained)
    by_path = stager.predict(night)
    by_raw = stager.predict(mne.io.read_raw_edf(night, preload=True, verbose="error"))
    assert (by_path.stages == by_raw.stages).all()
    assert np.allclose(by_path.probabilities, by_raw.probabilities, atol=1e-2)
    assert by_path.start == by_raw.start == datetime(2020, 5, 17, 22, 30)


def test_a_bad_night_does_not_stop_the_good_ones(trained, nights, tmp_path):
    good = sorted(nights.glob("*PSG.edf"))[:2]
    bad = tmp_path / "bad.edf"
    bad.write_bytes(b"")
    result = run("predict", good[0], bad, good[1], "--model", trained, "-o", tmp_path / "o", code=1)
    assert f"{bad}" in result.stderr
    endings = (".hypnogram.csv", ".png", ".html", ".summary.json")
    assert {p.name for p in (tmp_path / "o").rglob("*") if p.is_file()} == {
        *(f"{g.stem}{end}" for g in good for end in endings),
        "summary.csv",
    }


def test_nothing_is_overwritten_unasked(trained, nights, tmp_path):
    night = next(nights.glob("*PSG.edf"))
    picture = tmp_path / f"{night.stem}.png"
    picture.write_text("a person's own picture")
    refused = run("predict", night, "--model", trained, "-o", tmp_path, code=2)
    assert "already exists" in refused.output
    assert [p.name for p in tmp_path.iterdir()] == [picture.name]
    assert picture.read_text() == "a person's own picture"
    run("predict", night, "--model", trained, "-o", tmp_path, "--overwrite")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_two_nights_of_one_name_are_kept_apart_by_their_folders(trained, nights, tmp_path):
    night = next(nights.glob("*PSG.edf"))
    files = [tmp_path / "a" / "n.edf", tmp_path / "b" / "n.edf"]
    for file in files:
        file.parent.mkdir()
        shutil.copy(night, file)
    run("predict", *files, "--model", trained, "-o", tmp_path / "o", "--to=csv")
    assert len(list((tmp_path / "o").glob("[ab]/n.hypnogram.csv"))) == 2
    twin = files[0].with_suffix(".bdf")
    shutil.copy(night, twin)
    refused = run("predict", tmp_path / "a", "--model", trained, "-o", tmp_path / "p", code=2)
    assert "both be written to" in refused.output
    assert not (tmp_path / "p").exists()


def test_missing_channels_are_listed_with_the_flag_to_add(trained, real_data, tmp_path):
    psg = real_data / "sleep-edf" / "short_psg.edf"
    refused = run("predict", psg, "--model", trained, "-o", tmp_path / "o", code=1)
    for words in (
        "channels 'C3', 'O1' not found. All of C3, O1 are needed.",
        "EEG Fpz-Cz, EEG Pz-Oz",
        "map 'C3=NAME'",
        "Option: --map",
    ):
        assert words in refused.output
    mapped = ("--map", "C3=EEG Fpz-Cz", "--map", "O1=EEG Pz-Oz")
    run("predict", psg, "--model", trained, "-o", tmp_path / "o", *mapped)
    assert len(pd.read_csv(tmp_path / "o" / "short_psg.hypnogram.csv")) == 10


def test_leave_subjects_out_on_real_eeg(real_data, tmp_path):
    result = run(
        *("train", "--data=dreams", "--data-dir", real_data / "dreams", "--channels=C3"),
        *("--map", "C3=C3-A1|CZ-A1", "--fold=all", "--epochs=1", "-o", tmp_path / "run"),
    )
    assert "(360 windows)" in result.stdout
    assert "No window of R" in result.stdout
    edf = real_data / "dreams" / "excerpt3.edf"
    model = tmp_path / "run" / "fold-0"
    staged = run("predict", edf, "--model", model, "-o", tmp_path / "o", "--map", "C3=C3-A1")
    assert "No 30-Hz low-pass" in staged.stdout
    assert len(pd.read_csv(tmp_path / "o" / "excerpt3.hypnogram.csv")) == 60


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--set", "training.epoch=3"], "training.epoch: unknown key. Did you mean 'epochs'?"),
        (["--method=augnett"], "method.name: unknown method 'augnett'. Did you mean 'augnet'?"),
        (["--method=augerino"], "learns affine maps of images"),
        (["--fold=9"], "fold 9"),
        (["--fold=some"], "run.fold"),
        (["--epochs=0"], "training.epochs: expected a whole number above 0"),
        (["--set", "method.layers=[[frequency_shft]]", "--method=augnet"], "'frequency_shift'?"),
        (["--map", "C3"], "expected NAME=RECORDED"),
        (["--reference=A3"], "'A3' is not one of 'as-recorded'"),
        (["--set", "task.pattern=x"], "task.pattern: only dataset 'edf' can have one"),
    ],
)
def test_mistakes_are_explained_and_leave_nothing_behind(nights, tmp_path, args, words):
    result = train(nights, tmp_path / "run", *args, code=2)
    assert words in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_and_a_file_in_the_way_are_named(nights, tmp_path, trained):
    missing = run("train", "--data=mass", "--data-dir", tmp_path / "no", code=2)
    assert "is not a folder" in missing.output
    (tmp_path / "file").write_text("")
    assert "is a file" in train(nights, tmp_path / "file", code=2).output
    assert "cannot be made" in train(nights, tmp_path / "file" / "below", code=1).output
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    assert "not a run" in train(nights, tmp_path / "full", code=2).output
    night = next(nights.glob("*PSG.edf"))
    refused = run("predict", night, "--model", trained, "-o", tmp_path / "file" / "o", code=1)
    assert "cannot be made" in refused.output


def test_a_failed_overwrite_leaves_the_old_run_untouched(nights, tmp_path):
    train(nights, tmp_path / "run", "--epochs=1")
    before = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    train(nights, tmp_path / "run", "--overwrite", "--channels=C3,Cz", code=1)
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_a_full_disk_is_said_and_leaves_no_part(trained, nights, tmp_path, monkeypatch):
    def full(night, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device", str(path))

    form = formats.Form(".hypnogram.csv", full)
    monkeypatch.setitem(formats.FORMS, "csv", (form,))
    night = next(nights.glob("*PSG.edf"))
    result = run("predict", night, "--model", trained, "-o", tmp_path, code=1)
    assert "No space left on device" in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"not a model", b"\x10" + b"\0" * 7 + b'{"a": 1}' + b" " * 8]
)
def test_what_is_no_model_is_refused(nights, tmp_path, content):
    (tmp_path / "x.safetensors").write_bytes(content)
    night = next(nights.glob("*PSG.edf"))
    refused = run("predict", night, "--model", tmp_path / "x.safetensors", code=2)
    assert "not a model" in refused.output


def test_an_unfinished_run_is_no_model(nights, tmp_path):
    (tmp_path / "run").mkdir()
    night = next(nights.glob("*PSG.edf"))
    refused = run("predict", night, "--model", tmp_path / "run", code=2)
    assert "Is the training finished?" in refused.output


def test_simulated_nights_train_and_are_staged(tmp_path):
    out = run("simulate", tmp_path / "n", "--nights=5", "--hours=0.5", "--channels=C3,O1")
    assert "About" in out.stdout
    assert "MB" in out.stdout
    again = run("simulate", tmp_path / "n", "--nights=5", "--hours=0.5", code=2)
    assert "already exists" in again.output
    assert "Option: --overwrite." in again.output
    base = ("--data-dir", tmp_path / "n", CHANNELS, "--epochs=1", "-o", tmp_path / "run")
    run("train", *base)
    night = next((tmp_path / "n").glob("*PSG.edf"))
    run("predict", night, "--model", tmp_path / "run", "-o", tmp_path / "h")
    assert len(pd.read_csv(tmp_path / "h" / f"{night.stem}.hypnogram.csv")) == 60


def test_cache_is_shown_and_cleared(nights, tmp_path):
    cache = ("--cache-dir", tmp_path / "cache")
    train(nights, tmp_path / "run", "--epochs=1", *cache)
    assert "5 prepared nights" in run("cache", *cache).stdout
    run("cache", "--clear", *cache)
    assert "0 prepared nights" in run("cache", *cache).stdout
