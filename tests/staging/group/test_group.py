"""A study: nights from a folder, means by group against pandas-free arithmetic, one page."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypnograms import NASTY, make

from sleepaug.cli import main
from sleepaug.staging.group.nights import read_group
from sleepaug.staging.group.page import html_group
from sleepaug.staging.group.participants import Participants, read_participants, subject_of
from sleepaug.staging.group.table import nights_table, spreads
from sleepaug.staging.hypnogram.formats import write_forms
from sleepaug.support.errors import ConfigError, RecordingError


def night(seed, notes=()):
    """A night of two hours with sleep of every stage."""
    random = np.random.default_rng(seed)
    whole = make(240, lights_off=300.0)
    probabilities = random.dirichlet(np.full(5, 0.3), 240)
    return type(whole)(whole.onset, probabilities, [""] * 240, whole.start, notes, name=str(seed))


@pytest.fixture
def study(tmp_path):
    """Four staged nights of three people, a table that is damaged, and a recording that failed."""
    folder = tmp_path / "out"
    for k, name in enumerate(("a/sub-01_ses-1", "a/sub-01_ses-2", "b/sub-02", "b/sub-10")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        notes = ["Warning: C3 hums.", "C3: as recorded."] if k == 2 else ["C3: as recorded."]
        write_forms(night(k, notes), (folder / name).parent, name.split("/")[1], ["csv", "json"])
    facts = json.loads((folder / "b" / "sub-02.summary.json").read_text())
    facts["model"] = {"name": "default", "hash": "ab", "trained_on": "three nights"}
    facts["command"] = "sleepaug predict nights"
    (folder / "b" / "sub-02.summary.json").write_text(json.dumps(facts))
    (folder / "b" / "sub-03.hypnogram.csv").write_text("onset,stage\n0,W\n")
    rows = "file,error\nnights/a/sub-01_ses-1.edf,\nnights/c/sub-04.edf,sub-04.edf: truncated.\n"
    (folder / "summary.csv").write_text(rows)
    people = tmp_path / "participants.tsv"
    lines = [
        "participant_id\tage\tgroup\tsex",
        "sub-01\t30\tpatient\tF",
        "sub-02\t41\tcontrol\tn/a",
    ]
    lines += ["sub-03\t50\tcontrol\tM", "sub-04\t50\tcontrol\tM", "sub-10\t61\tpatient\tM"]
    people.write_text("\n".join(lines) + "\n")
    return folder, people


def test_a_study_is_read_with_its_broken_nights(study):
    folder, people = study
    nights = {n.name: n for n in read_group(folder, read_participants(people, ["group"]))}
    assert list(nights) == [
        *("b/sub-02", "b/sub-03", "c/sub-04", "a/sub-01_ses-1", "a/sub-01_ses-2", "b/sub-10"),
    ]
    assert [n.status for n in nights.values()] == ["staged", "broken", "broken", *["staged"] * 3]
    assert nights["c/sub-04"].error == "sub-04.edf: truncated."
    assert "p_W" in nights["b/sub-03"].error
    assert nights["b/sub-02"].warnings == ["C3 hums."]
    assert nights["b/sub-02"].model == "default"
    assert nights["a/sub-01_ses-2"].subject == "sub-01"
    assert nights["a/sub-01_ses-2"].groups == {"group": "patient"}


def test_a_night_without_any_stage_has_no_part_in_the_means(study):
    folder, people = study
    blank = make()
    blank = replace(blank, probabilities=np.full_like(blank.probabilities, np.nan))
    before = spreads(read_group(folder, read_participants(people, ["group"])))
    write_forms(blank, folder / "a", "sub-01_ses-2", ["csv"])
    nights = read_group(folder, read_participants(people, ["group"]))
    (broken,) = [night for night in nights if night.name == "a/sub-01_ses-2"]
    assert (broken.status, broken.error[:22]) == ("broken", "no epoch has a stage; ")
    assert spreads(nights)["patient"]["TST"].n == before["patient"]["TST"].n
    assert spreads(nights)["all"]["SE"].mean > 0


def test_a_person_with_two_nights_counts_once(study):
    folder, people = study
    nights = read_group(folder, read_participants(people, ["group"]))
    values = spreads(nights)
    assert list(values) == ["control", "patient", "all"]
    tst = {n.name: n.hypnogram.statistics()["TST"] for n in nights if n.hypnogram is not None}
    person = (tst["a/sub-01_ses-1"] + tst["a/sub-01_ses-2"]) / 2
    patient = values["patient"]["TST"]
    assert patient.n == 2
    assert patient.mean == pytest.approx((person + tst["b/sub-10"]) / 2)
    assert patient.sd == pytest.approx(abs(person - tst["b/sub-10"]) / 2**0.5)
    assert values["control"]["TST"].sd is None
    assert values["all"]["TST"].n == 3


def test_the_table_is_tidy(study):
    folder, people = study
    table = nights_table(read_group(folder, read_participants(people)))
    assert len(table) == 6
    row = table.set_index("night").loc["a/sub-01_ses-1"]
    stored = json.loads((folder / "a" / "sub-01_ses-1.summary.json").read_text())["statistics"]
    assert {k: row[k] for k in stored if stored[k] is not None} == pytest.approx(
        {k: v for k, v in stored.items() if v is not None}, abs=1e-4
    )
    assert pd.isna(table.set_index("night").loc["c/sub-04", "TST"])


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("x/01-03-0001 PSG", "01-03-0001"),
        ("SC4012E0-PSG", "sc401"),
        ("sub-7/ses-1/sub-7_task-sleep", "sub-7"),
    ],
)
def test_the_subject_of_a_night_is_that_of_the_datasets(name, subject):
    assert subject_of(name) == subject


def test_the_longest_fitting_person_is_meant():
    people = Participants({"p1": {}, "p1_2": {}, "sub-p3": {}})
    assert people.person_of("folder/p1_2_night") == "p1_2"
    assert people.person_of("p1-b") == "p1"
    assert people.person_of("P3/night") == "sub-p3"
    assert people.person_of("p12") is None


def test_columns_of_words_part_people(study):
    _, people = study
    assert read_participants(people).groups == ("group", "sex")
    with pytest.raises(ConfigError, match="no column site"):
        read_participants(people, ["site"])
    people.write_text("participant_id\tx\nsub-01\ta\nsub-01\tb\n")
    with pytest.raises(ConfigError, match="twice"):
        read_participants(people)
    people.write_text("name\tx\nsub-01\ta\n")
    with pytest.raises(ConfigError, match="participant_id"):
        read_participants(people)
    people.write_text("")
    with pytest.raises(RecordingError):
        read_participants(people)


class Seen(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def test_the_command_writes_a_page_and_a_table(study):
    folder, people = study
    hostile = people.read_text().replace("patient", NASTY.replace('"', ""))
    people.write_text(hostile)
    args = ["summarize", str(folder), "--participants", str(people), "--by", "group"]
    result = CliRunner().invoke(main, args, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "6 nights, 2 broken, 1 with a warning" in result.output
    text = (folder / "group.html").read_text(encoding="utf-8")
    page = Seen()
    page.feed(text)
    assert "script" not in page.tags
    assert page.tags.count("img") == 3
    assert "<script>alert(1)</script>" in page.text  # as words
    for words in ("truncated", "C3 hums", "4 nights of 3 people", "Total sleep time"):
        assert words in page.text
    table = pd.read_csv(folder / "group.csv")
    assert list(table["status"]).count("broken") == 2
    assert table.set_index("night").loc["b/sub-02", "model_hash"] == "ab"
    assert "Model default (SHA-256 ab), trained on three nights." in page.text
    assert "Command: sleepaug predict nights" in page.text
    again = CliRunner().invoke(main, args)
    assert again.exit_code == 2
    assert "--overwrite" in again.output


@pytest.mark.parametrize(("lights", "words"), [(None, "the start"), (300.0, "lights off")])
def test_latencies_are_named_by_what_they_are_counted_from(tmp_path, lights, words):
    for k in range(2):
        of_night = replace(night(k), lights_off=lights)
        write_forms(of_night, tmp_path, f"n{k}", ["csv", "json"])
    page = html_group(read_group(tmp_path), "group.csv")
    assert f"N1 latency from {words}" in page
    assert "Wake after sleep onset, until the end" in page


def test_a_folder_without_nights_is_an_error(tmp_path):
    result = CliRunner().invoke(main, ["summarize", str(tmp_path)])
    assert result.exit_code == 2
    assert ".hypnogram.csv" in result.output


def test_both_scorings_of_a_review_are_not_mixed(study):
    folder, _ = study
    (folder / "a").rename(folder / "automatic")
    (folder / "b").rename(folder / "corrected")
    with pytest.raises(ConfigError, match="Name one"):
        read_group(folder)
    assert len(read_group(folder / "automatic")) == 2


def test_a_study_whose_nights_are_all_broken_has_a_page(tmp_path):
    (tmp_path / "n.hypnogram.csv").write_text("onset,stage\n0,W\n")
    result = CliRunner().invoke(main, ["summarize", str(tmp_path)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    again = ["summarize", str(tmp_path), "--overwrite"]
    assert CliRunner().invoke(main, again).exit_code == 0
    assert "Broken: 1 of 1" in (tmp_path / "group.html").read_text(encoding="utf-8")
