"""Two scorings compared: numbers against scikit-learn and by hand, files of every form."""

import json
from datetime import timedelta

import numpy as np
import pytest
from click.testing import CliRunner
from edf_files import write_edf
from hypnograms import START, make
from sklearn.metrics import cohen_kappa_score, f1_score

from sleepaug.cli import main
from sleepaug.data.recording import Scoring
from sleepaug.data.stages import STAGES
from sleepaug.staging.agreement import compare
from sleepaug.staging.agreement_page import Stretch, longest_disagreements
from sleepaug.staging.estimate import Estimate
from sleepaug.staging.hypnogram.formats import write_forms
from sleepaug.staging.scoring_pairs import ScoringPair, night_name, on_one_grid, pair_up
from sleepaug.support.errors import ConfigError, RecordingError


def scoring(stages, onset=0.0, seconds=30.0):
    n = len(stages)
    return Scoring(tuple(onset + seconds * k for k in range(n)), (seconds,) * n, tuple(stages))


def drawn(n, seed, flip=0.3):
    random = np.random.default_rng(seed)
    a = np.array(STAGES)[random.integers(0, 5, n)]
    other = np.array(STAGES)[random.integers(0, 5, n)]
    return a, np.where(random.random(n) < flip, other, a)


def test_numbers_equal_scikit_learn():
    a, b = drawn(400, 0)
    agreement = compare([ScoringPair("n", 30.0 * np.arange(400), a, b)])
    assert agreement.cohen_kappa.value == pytest.approx(cohen_kappa_score(a, b))
    assert agreement.accuracy.value == pytest.approx((a == b).mean())
    f1 = f1_score(b, a, labels=list(STAGES), average=None)
    for k, stage in enumerate(STAGES):
        one = agreement.stages[stage]
        assert one.f1.value == pytest.approx(f1[k])
        assert one.kappa.value == pytest.approx(cohen_kappa_score(a == stage, b == stage))
        assert one.in_a == (a == stage).sum()
        assert one.in_b == (b == stage).sum()


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    hits = 0
    for seed in range(40):
        nights = [
            ScoringPair(f"{seed}-{k}", 30.0 * np.arange(100), *drawn(100, [seed, k], flip=0.25))
            for k in range(12)
        ]
        low, high = compare(nights, seed=seed).accuracy.interval
        hits += low <= 0.8 <= high  # a quarter drawn anew, a fifth of it alike by chance
    assert 32 <= hits <= 40
    assert compare(nights, seed=1) == compare(nights, seed=1)


def test_a_shift_and_long_stages_fall_on_one_grid():
    a = scoring(["W", "N1", "N2", "N2"])
    b = Scoring((30.0, 60.0), (30.0, 600.0), ("N1", "N2"))
    pair = on_one_grid("n", a, b)
    assert pair.a.tolist()[:5] == ["W", "N1", "N2", "N2", "?"]
    assert pair.b.tolist()[:5] == ["?", "N1", "N2", "N2", "N2"]
    assert len(pair.a) == 22
    early = on_one_grid("n", a, scoring(["N3", "N1"], onset=-30.0))
    assert early.onset[0] == -30
    assert compare([early]).n_epochs == 1
    with pytest.raises(RecordingError, match="same start"):
        on_one_grid("n", a, scoring(["W"], onset=9000.0))
    with pytest.raises(RecordingError, match="days apart"):
        on_one_grid("n", a, scoring(["W"], onset=9e6))


def test_a_stage_that_none_has_has_no_numbers():
    agreement = compare(
        [ScoringPair("n", np.arange(4.0), np.array(list("WWRR")), np.array(list("WRRR")))]
    )
    assert agreement.stages["N3"].f1 == Estimate(None)
    values = json.loads(json.dumps(agreement.to_json()))
    assert values["stages"]["N3"]["f1"] == {"value": None, "interval": None}
    assert values["balanced_accuracy"] == pytest.approx((1 + 2 / 3) / 2)


@pytest.mark.parametrize(
    ("file", "night"),
    [
        ("a.hypnogram.csv", "a"),
        ("A_events.tsv", "a"),
        ("01-03-0001 Base.edf", "01-03-0001"),
        ("01-03-0001 PSG.hypnogram.csv", "01-03-0001"),
        ("night1.txt", "night1"),
    ],
)
def test_a_scoring_is_matched_by_the_name_of_its_night(tmp_path, file, night):
    assert night_name(tmp_path / file) == night


def test_the_command_compares_text_with_a_table_and_draws(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "n1.txt").write_text("\n".join(["W", "N1", "N2", "N2", "N3", "R"]) + "\n")
    rows = "".join(f"{30 * k},30,{s}\n" for k, s in enumerate(["W", "W", "N2", "N2", "N2", "R"]))
    (tmp_path / "b" / "n1_hypnogram.csv").write_text("onset,duration,stage\n" + rows)
    picture = tmp_path / "p.png"
    args = ["agree", str(tmp_path / "a"), str(tmp_path / "b"), "--json", "-o", str(picture)]
    result = CliRunner().invoke(main, args, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    numbers = json.loads(result.stdout)
    assert numbers["accuracy"] == pytest.approx(4 / 6)
    assert list(numbers["nights"]) == ["n1"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    again = CliRunner().invoke(main, args)
    assert again.exit_code == 2
    text = CliRunner().invoke(main, args[:3]).output
    assert "accuracy: 0.667" in text
    assert "in a " in text
    assert "[too few]" in text
    page = tmp_path / "p.html"
    assert CliRunner().invoke(main, [*args[:3], "-o", str(page)]).exit_code == 0
    assert page.read_text().count("data:image/png") == 2
    wrong = CliRunner().invoke(main, [*args[:3], "-o", str(tmp_path / "p.pdf")])
    assert wrong.exit_code == 2
    assert ".html" in wrong.output


def test_of_few_nights_there_are_no_intervals():
    nights = [ScoringPair(f"{k}", 30.0 * np.arange(90), *drawn(90, k)) for k in range(5)]
    assert compare(nights[:4]).accuracy.interval is None
    assert "[too few]" in str(compare(nights[:4]).accuracy)
    assert compare(nights).accuracy.interval is not None


def test_a_stage_that_is_in_few_nights_has_no_interval():
    n2 = np.array(["N2"] * 50)
    nights = [ScoringPair(f"{k}", 30.0 * np.arange(50), n2, n2) for k in range(6)]
    with_n3 = np.where(np.arange(50) < 20, "N3", "N2")
    nights[0] = ScoringPair("0", nights[0].onset, with_n3, with_n3)
    stages = compare(nights).stages
    assert stages["N3"].f1 == Estimate(1.0)
    assert stages["N2"].f1 == Estimate(1.0, (1.0, 1.0))


def test_names_of_files_stand_in_place_of_letters(tmp_path):
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "night.txt").write_text("W\nN1\nN2\n")
    first, second = (tmp_path / name / "night.txt" for name in ("x", "y"))
    text = CliRunner().invoke(main, ["agree", str(first), str(second)]).output
    assert "in x/night.txt  in y/night.txt" in text
    (tmp_path / "y" / "night.txt").write_text("W\n" * 20)
    text = CliRunner().invoke(main, ["agree", str(first), str(second)]).output
    assert "x/night.txt from 0 to 90 s" in text


def test_the_clock_is_that_of_the_files(tmp_path):
    make().save(tmp_path / "n.csv")
    make().save(tmp_path / "n.edf")
    (tmp_path / "n.txt").write_text("\n".join(make().stages) + "\n")
    for first in ("n.csv", "n.edf"):
        (pair,) = pair_up(tmp_path / "n.txt", tmp_path / first)
        assert pair.start == START
    (pair,) = pair_up(tmp_path / "n.txt", tmp_path / "n.txt")
    assert pair.start is None


@pytest.mark.parametrize(
    "forms", [["csv", "bids"], ["bids"], ["edf", "bids"], ["csv", "edf", "json"]]
)
def test_a_folder_in_all_forms_that_predict_writes_has_each_night_once(tmp_path, forms):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_forms(make(), tmp_path / folder, "n1", forms)
    (pair,) = pair_up(tmp_path / "a", tmp_path / "b")
    assert compare([pair]).accuracy.value == 1
    (tmp_path / "c").mkdir()
    with pytest.raises(ConfigError, match="c: no scoring in this folder"):
        pair_up(tmp_path / "a", tmp_path / "c")


def test_times_of_day_count_from_the_start_that_the_other_scoring_knows(tmp_path):
    random = np.random.default_rng(0)
    stages = np.array(STAGES)[random.integers(0, 5, 60)]
    annotations = [(30.0 * k, 30, f"Sleep stage {s[-1]}") for k, s in enumerate(stages)]
    write_edf(tmp_path / "a.edf", {}, stages=annotations, start=START)
    rows = [f"{START + timedelta(seconds=30 * k):%H:%M:%S},{stages[k]}" for k in range(20, 60)]
    (tmp_path / "b.csv").write_text("\n".join(["Time,Stage", *rows]))
    for first, second in (("a.edf", "b.csv"), ("b.csv", "a.edf")):
        (pair,) = pair_up(tmp_path / first, tmp_path / second)
        assert pair.both.sum() == 40
        assert compare([pair]).accuracy.value == 1


@pytest.mark.parametrize("hour", [0, 12, 23])
def test_a_start_that_was_made_unrecognisable_moves_nothing(tmp_path, hour):
    stages = [STAGES[k // 7 % 5] for k in range(900)]
    annotations = [(30.0 * k, 30, f"Sleep stage {s[-1]}") for k, s in enumerate(stages)]
    start = START.replace(year=2000, month=1, day=1, hour=hour, minute=20, second=0)
    write_edf(tmp_path / "a.edf", {}, stages=annotations, start=start)
    rows = [f"{START + timedelta(seconds=30 * k):%H:%M:%S},{s}" for k, s in enumerate(stages)]
    (tmp_path / "b.csv").write_text("\n".join(["Time,Stage", *rows]))
    for first, second in (("a.edf", "b.csv"), ("b.csv", "a.edf")):
        assert compare(pair_up(tmp_path / first, tmp_path / second)).accuracy.value == 1


def test_the_longest_disagreements_are_listed_by_the_clock():
    a = np.array(["W", "N1", "N1", "N1", "N2", "R"])
    b = np.array(["W", "N2", "N2", "N3", "N2", "W"])
    pair = ScoringPair("n", 30.0 * np.arange(6), a, b, start=START)
    stretches = longest_disagreements(pair)
    assert stretches[0] == Stretch("23:00:00 to 23:01:30", 3, "N1", "N2, N3")
    assert stretches[1].epochs == 1


def test_what_cannot_be_compared_is_named(tmp_path):
    (tmp_path / "a.txt").write_text("W\nN1\n")
    with pytest.raises(ConfigError, match="two folders"):
        pair_up(tmp_path, tmp_path / "a.txt")
    for name in ("d", "e"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").write_text("W\nN1\n")
    with pytest.raises(ConfigError, match="no night is in both"):
        pair_up(tmp_path / "d", tmp_path / "e")
    (tmp_path / "bad.csv").write_text("onset,duration,stage\n0,30,\x1b[31mN9\n")
    with pytest.raises(RecordingError) as error:
        pair_up(tmp_path / "a.txt", tmp_path / "bad.csv")
    assert "\x1b" not in str(error.value)
