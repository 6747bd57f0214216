"""The numbers of the report against other ways to them, and the page against a browser's needs."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from sleepaug.cli import main
from sleepaug.experiments.comparison.results import LaneResult, Point, Results, curve
from sleepaug.experiments.comparison.rows import lane_folder
from sleepaug.experiments.comparison.settings import Job, comparison_of
from sleepaug.experiments.comparison.tables import paired_difference
from sleepaug.experiments.comparison.winner import winner
from sleepaug.training.metrics import balanced_accuracy, scores
from sleepaug.training.runs import RunFolder

STAGES = ("W", "N1", "N2", "N3", "R")


def nights_of(skill, seed, n_nights=12):
    """Scores of a stager that finds a window's stage with this probability."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 5, (n_nights, 80))
    draws = np.random.default_rng(seed + 100).random(truth.shape)  # the same for every skill
    predicted = np.where(draws < skill, truth, (truth + 1) % 5)
    confusions = np.zeros((n_nights, 5, 5), int)
    for night, (y, guess) in enumerate(zip(truth, predicted, strict=True)):
        np.add.at(confusions[night], (y, guess), 1)
    nights = {f"night {i}": scores(matrix, STAGES) for i, matrix in enumerate(confusions)}
    return {**scores(confusions.sum(0), STAGES), "nights": nights}, truth.ravel(), predicted.ravel()


def point(seconds, valid, skill=0.5, seed=0, learned=None):
    return Point(1.0, seconds - 3.0, 2.0, valid, nights_of(skill, seed)[0], learned or {})


def test_the_axis_is_pretraining_plus_search_plus_this_training():
    assert Point(10.0, 20.0, 5.0, 0.5, {}, {}).seconds == 35.0


def test_the_best_by_validation_so_far_counts_whatever_the_test_says():
    lane = LaneResult(
        Job("dada", 0, 0),
        [point(10, 0.6, skill=0.4), point(20, 0.5, skill=0.9), point(30, 0.7, skill=0.3)],
        "finished", "",
    )  # fmt: skip
    expected = [lane.points[i].test["balanced_accuracy"] for i in (0, 0, 2, 2)]
    seconds, scores_over_time = curve([lane], 40.0)
    assert seconds.tolist() == [10, 20, 30, 40]
    assert scores_over_time[:, 0].tolist() == expected
    assert lane.at(9.9) is None
    late = LaneResult(lane.job, lane.points[2:], "finished", "")
    _, both = curve([lane, late], 40.0)
    assert np.isnan(both[:2, 1]).all()
    assert not np.isnan(both[2:]).any()


def test_before_the_end_only_folds_that_all_methods_have_ended_count():
    comparison = comparison_of({"methods": {"none": {}, "augnet": {}}, "compare": {"folds": 2}})
    ended = [LaneResult(Job(m, 0, 0), [], "finished", "") for m in ("none", "augnet")]
    begun = [LaneResult(Job("none", 1, 0), [], "finished", "")]
    waiting = [LaneResult(Job("augnet", 1, 0), [], "waiting", "")]
    results = Results(comparison, ended + begun + waiting)
    assert results.of_ended_folds().lanes == ended
    assert Results(comparison, begun + waiting).of_ended_folds().lanes == begun + waiting


def test_the_winner_validated_best_on_every_fold_whatever_the_test_says():
    methods = {"none": {}, "augnet": {}, "dada": {}}
    comparison = comparison_of({"methods": methods, "compare": {"folds": 2}})
    valid = {"none": (0.6, 0.6), "augnet": (0.5, 0.8), "dada": (0.9,)}  # dada has half the folds
    lanes = [
        LaneResult(Job(m, fold, 0), [point(10, v, skill=1 - v)], "finished", "")
        for m, values in valid.items()
        for fold, v in enumerate(values)
    ]
    lanes.append(LaneResult(Job("dada", 1, 0), [], "finished", ""))
    assert winner(Results(comparison, lanes)) == "augnet"
    waiting = LaneResult(Job("none", 1, 0), [], "waiting", "")
    assert winner(Results(comparison, [*lanes, waiting])) is None


def test_the_difference_is_paired_and_its_interval_holds_what_it_should():
    pairs = [(nights_of(0.75, fold)[0], nights_of(0.70, fold)[0]) for fold in range(3)]
    exact, low, high = paired_difference(pairs)
    means = [a["balanced_accuracy"] - b["balanced_accuracy"] for a, b in pairs]
    assert exact == pytest.approx(np.mean(means))
    assert low < exact < high
    assert 0.005 < high - low < 0.05  # with draws in common, it is far narrower than unpaired
    same = paired_difference([(pairs[0][0], pairs[0][0])])
    assert same == (0, 0, 0)
    few = {**pairs[0][0], "nights": dict(list(pairs[0][0]["nights"].items())[:4])}
    assert np.isnan(paired_difference([(few, few)])[1:]).all()  # too few nights for an interval
    swapped = paired_difference([(b, a) for a, b in pairs])
    assert swapped == pytest.approx((-exact, -high, -low))


def test_the_interval_has_the_width_of_a_bootstrap_written_out():
    ours, theirs = nights_of(0.8, 5)[0], nights_of(0.6, 6)[0]
    _, low, high = paired_difference([(ours, theirs)])
    random, names, drawn = np.random.default_rng(1), sorted(ours["nights"]), []
    for _ in range(1500):
        chosen = random.choice(names, len(names))
        both = [
            sum(np.array(one["nights"][name]["confusion"]) for name in chosen)
            for one in (ours, theirs)
        ]
        drawn.append(np.subtract(*balanced_accuracy(np.array(both))))
    assert (low, high) == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.006)


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """A comparison half done: models, a lane out of budget, one that failed, one that waits."""
    settings = {
        "compare": {"budget": "100s", "folds": 2},
        "methods": ["none", "augnet", "adda", "random", "dada", "faster-aa"],
    }
    root = tmp_path_factory.mktemp("report") / "comparison"
    RunFolder(root).start(comparison_of(settings), "cpu")
    policy = {
        "policy": [[["sign_flip", 0.5, 1.0], ["gaussian_noise", 0.25, 0.5]]],
        "ranges": {
            "sign_flip": {"amount": 0.5, "unit": "probability"},
            "gaussian_noise": {"amount": 0.2, "unit": "std"},
        },
    }
    amount = {"transform": "time_reverse", "weight": 1.0, "magnitude": 0.4, "amount": 0.2}
    layers = {"layers": [[{**amount, "unit": "probability"}]]}

    def write(method, fold, rows):
        lane = lane_folder(root, Job(method, fold, 0))
        lane.path.mkdir(parents=True)
        for seconds, point, status, more in rows:
            row = {"step": 1, "account": "train", "pretrain_s": 0.0, "search_s": seconds - 5.0}
            lane.append({**row, "train_s": 5.0, "point": point, "status": status, **more})

    def scored(skill, seed, learned):
        return {
            "valid_balanced_accuracy": skill,
            "test": nights_of(skill, seed)[0],
            "learned": learned,
        }

    for fold in range(2):
        write("none", fold, [(8.0, scored(0.60, fold, {}), "finished", {})])
        write("augnet", fold, [(9.0, scored(0.70, fold, layers), "budget_spent", {})])
        energy = {"pretrain_j": 0.2e6, "search_j": 1.0e6, "train_j": 0.6e6}
        write("adda", fold, [(60.0, scored(0.72, fold, policy), "running", energy)])
        write("random", fold, [(101.0, None, "out_of_budget", {})])
    write("dada", 0, [(5.0, None, "failed", {"reason": "the disk <full>"})])
    result = CliRunner().invoke(main, ["report", str(root)])
    assert result.exit_code == 0, result.output
    return root, result.output


def test_the_page_stands_alone_and_shows_every_lane(reported):
    folder, _ = reported
    page = (folder / "report.html").read_text()
    assert not re.search(r"(src|href)=\"(?!#)", page)  # nothing is fetched
    assert page.count("<svg") == 2
    for text in (
        "Not finished",
        "dada-fold0-seed0",
        "the disk &lt;full&gt;",
        "sign flip with probability 0.25, then gaussian noise up to 0.1 std",
        "time reverse up to 0.2 probability: kept",
        "waiting 1",
        "0.5 kWh",
    ):
        assert text in page, text
    assert re.search(r"no model in time \(floor 0\.\d{3}\)", page)
    for name in ("accuracy_over_time", "differences"):
        ElementTree.parse(folder / f"{name}.svg")
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_tables_hold_components_never_their_sum(reported):
    folder, _ = reported
    points = pd.read_csv(folder / "points.csv")
    assert {"pretrain_s", "search_s", "train_s"} <= set(points.columns)
    assert not any("total" in name or name == "seconds" for name in points.columns)
    differences = pd.read_csv(folder / "differences.csv")
    augnet = differences[differences["method"] == "augnet"].set_index("budget_s")
    assert augnet["n_folds"].tolist() == [2, 2, 2, 2]
    adda = differences[differences["method"] == "adda"].set_index("budget_s")
    assert adda["n_folds"].tolist() == [0, 0, 0, 2]  # its model came after 60 of 100 s
    assert adda["difference"].iloc[-1] > 0.05
    methods = pd.read_csv(folder / "methods.csv").set_index("method")
    assert methods.loc["random", "with_model"] == 0


def test_the_command_report_works_while_a_comparison_runs(reported):
    folder, printed = reported
    assert "not finished" in printed
    assert "out of budget 2" in printed
    assert f"Report: {folder / 'report.html'}" in printed
