"""What a review writes, and that agree and train read it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from sleepaug.cli import main
from sleepaug.data.datasets.edf_folder import edf_folder
from sleepaug.data.signals.cutting import scored_windows
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.staging.nights import find_nights
from sleepaug.staging.review.nights import nights_to_stage, stored_nights
from sleepaug.staging.review.server import ReviewServer
from sleepaug.staging.review.session import (
    OutdatedError,
    Review,
    ReviewSettings,
    page_of_night,
    page_of_window,
)
from sleepaug.staging.scoring_pairs import pair_up
from sleepaug.support.errors import ConfigError, RecordingError


def other(stage):
    return "W" if stage != "W" else "N3"


def test_both_scorings_are_written_apart(review):
    before = review.hypnogram(0)
    changed = {0: other(before.stages[0]), 1: before.stages[1], 3: "N2", 5: "?"}
    files = review.save(0, changed, 0)
    assert all(file.exists() for file in files)
    automatic, corrected = review.folders(0)
    assert automatic.parts[-2:] == ("automatic", "x")
    assert corrected.parts[-2:] == ("corrected", "x")
    (pair,) = pair_up(automatic, corrected)
    expected = before.automatic.copy()
    assert pair.a.tolist() == expected.tolist()
    expected[list(changed)] = list(changed.values())
    assert pair.b.tolist() == expected.tolist()
    assert {file.suffix for file in files} == {".csv", ".json", ".edf"}
    summary = json.loads(
        next(f for f in files if "corrected" in str(f) and f.suffix == ".json").read_text()
    )
    assert "A person looked at 4 epochs and changed 3." in summary["notes"]


def beside_its_recording(review, folders, corrections):
    """Review the second night, lay the corrected table beside it, and return the recording."""
    review.save(1, corrections, 0)
    table = next(review.folders(1)[1].glob("*.csv"))
    (folders[0] / "x" / table.name).write_bytes(table.read_bytes())
    (recording,) = [one for one in edf_folder(folders[0]) if one.id == "x/b"]
    return recording


def test_only_what_a_person_looked_at_is_learned_from(review, folders):
    right = review.hypnogram(1).stages[4]
    recording = beside_its_recording(review, folders, {2: "N3", 4: right})
    scoring = recording.scoring()
    assert scoring.onset == (60.0, 120.0)
    assert scoring.stage == ("N3", right)
    n_left_out = len(review.hypnogram(1)) - 2
    assert scoring.notes[-1] == (f"{n_left_out} epochs that no person has looked at were left out.")
    signals = Preprocessing(sfreq=50.0, unknown="wake")
    onset, *_ = scored_windows(scoring, signals, 50 * 30 * len(review.hypnogram(1)))
    assert onset.tolist() == [60.0, 120.0]  # a model's stage is not wake either


def test_a_night_looked_at_from_end_to_end_is_learned_from_whole(review, folders):
    n = len(review.hypnogram(1))
    scoring = beside_its_recording(review, folders, dict.fromkeys(range(n), "N2")).scoring()
    assert scoring.stage == ("N2",) * n
    assert not any("left out" in note for note in scoring.notes)


def test_a_night_that_nobody_looked_at_is_refused(review, folders):
    recording = beside_its_recording(review, folders, {})
    with pytest.raises(RecordingError, match="no person has given a stage to any of its"):
        recording.scoring()


def test_stages_of_a_model_are_said_to_be_so(review, folders):
    review.save(1, {2: "N3"}, 0)
    table = next(review.folders(1)[0].glob("*.csv"))
    (folders[0] / "x" / table.name).write_bytes(table.read_bytes())
    (recording,) = [one for one in edf_folder(folders[0]) if one.id == "x/b"]
    scoring = recording.scoring()
    assert len(scoring) == len(review.hypnogram(1))
    assert scoring.notes[-1] == (
        f"{table.name} was written by a model; what no person has changed is its staging."
    )


def test_agree_reads_both_folders(review):
    review.save(0, {0: other(review.hypnogram(0).stages[0])}, 0)
    folders = [str(review.settings.output / name) for name in ("automatic", "corrected")]
    result = CliRunner().invoke(main, ["agree", *folders, "--json"], catch_exceptions=False)
    numbers = json.loads(result.stdout)
    assert numbers["accuracy"] == pytest.approx(10 / 11)
    assert numbers["a"] == "automatic"


def test_a_later_review_goes_on(review):
    review.save(0, {0: "W", 3: "R"}, 0)
    again = Review(review.nights, review.settings)
    assert again.is_saved(0)
    assert not again.is_saved(1)
    assert page_of_night(again, 0)["person"][:4] == ["W", "", "", "R"]
    again.save(0, {0: "W"}, 0)
    assert Review(review.nights, review.settings).hypnogram(0).reviewed.sum() == 1


def test_a_review_of_other_stages_is_refused(review, folders):
    review.save(1, {0: "W"}, 0)
    table = folders[1] / "x" / "b.hypnogram.csv"
    first = folders[1] / "x" / next(p.name for p in (folders[1] / "x").glob("a*.csv"))
    table.write_bytes(first.read_bytes())
    with pytest.raises(RecordingError, match="other stages"):
        Review(review.nights, review.settings).hypnogram(1)


def test_of_two_pages_the_second_to_save_is_told(review):
    review.save(0, {0: "W"}, 0)
    with pytest.raises(OutdatedError):
        review.save(0, {1: "W"}, 0)
    review.save(0, {1: "W"}, 1)
    assert review.revision(0) == 2


@pytest.mark.parametrize("stages", [{99: "W"}, {-1: "W"}, {0: "N4"}, {0: ""}, {0: "<b>"}])
def test_windows_and_stages_that_do_not_exist_are_refused(review, stages):
    with pytest.raises(ConfigError):
        review.save(0, stages, 0)
    assert not review.settings.output.exists()


def test_the_page_gets_the_least_certain_first(review):
    page = page_of_night(review, 0)
    certainty = [max(page["probabilities"][k]) for k in page["uncertain"]]
    assert certainty == sorted(certainty)
    assert 3 not in page["uncertain"]
    assert page["probabilities"][3] is None
    assert json.loads(json.dumps(page)) == page


def test_the_signals_of_a_window_are_those_of_the_recording(review):
    (trace,) = page_of_window(review, 0, 2)
    assert trace["name"] == "C3"
    assert len(trace["microvolts"]) == 3000
    assert 5 < np.std(trace["microvolts"]) < 40
    with pytest.raises(ConfigError, match="no window 99"):
        page_of_window(review, 0, 99)


def test_a_damaged_recording_says_so_and_the_others_go_on(review):
    assert [night.name[:2] for night in review.nights] == ["x/"] * 3
    with pytest.raises(RecordingError, match="no hypnogram"):
        review.hypnogram(2)
    assert len(review.hypnogram(1)) == 12


def test_without_hypnograms_the_model_stages(folders, tmp_path):
    recordings = find_nights([folders[0] / "x" / "b.edf"])
    nights = nights_to_stage(recordings, "default", map={}, exclude=None)
    review = Review(nights, ReviewSettings(tmp_path / "r", ["csv"]))
    assert len(review.hypnogram(0)) == 12


def test_a_hypnogram_is_found_in_the_folder_that_is_called_alike(folders, tmp_path):
    recordings, hypnograms = folders
    for folder in (recordings, hypnograms):
        (folder / "y").mkdir()
        for file in (folder / "x").glob("b.*"):
            (folder / "y" / file.name).write_bytes(file.read_bytes())
    nights = stored_nights(find_nights(sorted(recordings.rglob("b.edf"))), hypnograms)
    assert [night.name for night in nights] == ["x/b", "y/b"]
    assert [night.load.table.parent.name for night in nights] == ["x", "y"]
    with pytest.raises(ConfigError, match="may both be"):
        stored_nights(find_nights([tmp_path / "z" / "b.edf"]), hypnograms)
    with pytest.raises(ConfigError, match="no hypnogram of any"):
        stored_nights(find_nights([tmp_path / "z" / "q.edf"]), hypnograms)


def test_a_review_needs_the_table_to_go_on_from(tmp_path):
    with pytest.raises(ConfigError, match="csv"):
        ReviewSettings(tmp_path, ["png"])
    with pytest.raises(ConfigError, match="docx"):
        ReviewSettings(tmp_path, ["csv", "docx"])


def test_the_command_serves_until_it_is_stopped(folders, tmp_path, monkeypatch):
    def serve(server):
        server.review.save(1, {0: "W"}, 0)
        raise KeyboardInterrupt

    monkeypatch.setattr(ReviewServer, "serve_forever", serve)
    output = tmp_path / "reviewed"
    args = ["review", str(folders[0]), "--hypnograms", str(folders[1]), "-o", str(output)]
    result = CliRunner().invoke(main, [*args, "--no-browser", "--to", "csv"])
    assert result.exit_code == 0, result.output
    assert "http://127.0.0.1:" in result.output
    assert "1 of 3 nights reviewed" in result.output
    both = CliRunner().invoke(main, [*args, "--model", "default"])
    assert both.exit_code == 2
    assert "--hypnograms" in both.output
