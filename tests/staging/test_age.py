"""The age of a person, from the table of a study or the header of the file."""

from datetime import datetime

import pytest

from sleepaug.staging.age import age_of, age_of_patient

START = datetime(2020, 5, 17, 22, 30)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("MCH-0234567 F 02-MAY-1951 Haagse_Harry", 69),
        ("X F 18-MAY-1951 X", 68),  # the day before the birthday
        ("X F X Female_33yr", 33),
        ("X M X 71_years", 71),
        ("X F X X", None),
        ("X F 99-XXX-1951 X", None),
        ("X F 02-MAY-1851 X", None),
        ("X F 02-MAY-2031 X", None),
        ("", None),
        ("SIMULATED F X Simulated_night_no_real_person", None),
        ("P4yr7 M X X", None),
    ],
)
def test_the_age_in_a_header(text, age):
    assert age_of_patient(text, START) == age


def test_without_a_date_of_recording_a_date_of_birth_tells_nothing():
    assert age_of_patient("X F 02-MAY-1951 X", None) is None


def test_the_table_of_a_study_comes_first(tmp_path):
    recording = tmp_path / "sub-01" / "ses-1" / "eeg" / "sub-01_eeg.edf"
    recording.parent.mkdir(parents=True)
    recording.write_bytes(b"0       " + b"X F X Female_33yr".ljust(80))
    assert age_of(recording, START) == 33
    table = tmp_path / "participants.tsv"
    table.write_text("participant_id\tage\nsub-01\t52\nsub-02\tn/a\n")
    assert age_of(recording, START) == 52
    assert age_of(recording.with_name("sub-02_eeg.vhdr"), START) is None
    table.write_text("name\tage\nsub-01\t52\n")
    assert age_of(recording, START) == 33
