"""A small study from a folder to a page: predict, review, summarize and agree, as in the docs."""

import json
import runpy
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from sleepaug.cli import main
from sleepaug.staging.review.server import ReviewServer

STUDY = Path(__file__).parents[2] / "docs" / "scripts" / "study.py"


def call(*args, code=0):
    result = CliRunner().invoke(main, [str(a) for a in args], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@pytest.mark.slow
def test_from_recordings_to_a_page_of_groups(tmp_path, monkeypatch):
    study = tmp_path / "study"
    make = runpy.run_path(str(STUDY))["make"]
    arguments = [str(study), "--people", "6", "--hours", "0.5"]
    assert CliRunner().invoke(make, arguments, catch_exceptions=False).exit_code == 0
    recordings, hypnograms = study / "recordings", study / "hypnograms"
    predicted = call("predict", recordings, "-o", hypnograms, code=1)  # one is damaged
    assert "5 of 6 nights staged" in predicted.output
    reports = sorted(hypnograms.rglob("*.html"))
    assert len(reports) == 5
    page = reports[0].read_text(encoding="utf-8")
    assert page.count("data:image/png") == 1  # the night
    assert page.count('aria-label="Signals of epoch') == 6
    age = pd.read_csv(study / "participants.tsv", sep="\t", index_col=0).age[reports[0].stem]
    assert f"Age {age} years" in page

    def correct(server):
        review = server.review
        readable = [k for k in range(len(review.nights)) if not _problem(review, k)]
        assert len(readable) == 5
        for k in readable:
            review.save(k, {0: "N3", 1: "N3"}, 0)
        raise KeyboardInterrupt

    monkeypatch.setattr(ReviewServer, "serve_forever", correct)
    reviewed = study / "reviewed"
    said = call("review", recordings, "--hypnograms", hypnograms, "-o", reviewed, "--no-browser")
    assert "5 of 6 nights reviewed" in said.output
    assert len(list((reviewed / "corrected").rglob("*.hypnogram.csv"))) == 5

    people = study / "participants.tsv"
    call("summarize", hypnograms, "--participants", people, "--by", "group")
    table = pd.read_csv(hypnograms / "group.csv")
    assert table["status"].value_counts().to_dict() == {"staged": 5, "broken": 1}
    assert (table["model"][table["status"] == "staged"] == "default").all()
    assert set(table["group"]) == {"young", "middle", "old"}
    call("summarize", reviewed / "corrected", "--participants", people, "--by", "group")
    corrected = pd.read_csv(reviewed / "corrected" / "group.csv")
    assert set(corrected["status"]) == {"reviewed"}

    numbers = json.loads(call("agree", hypnograms, reviewed / "corrected", "--json").stdout)
    assert numbers["n_nights"] == 5
    assert numbers["accuracy"] >= 1 - 2 / 60
    assert set(numbers["limits"]) == {"TST", "SOL", "WASO", "REM_latency"}
    call("agree", hypnograms, study / "scorings", "-o", study / "agree.html")


def _problem(review, index):
    """What is wrong with a night, "" if nothing."""
    try:
        review.hypnogram(index)
    except ValueError as error:
        return str(error)
    return ""
