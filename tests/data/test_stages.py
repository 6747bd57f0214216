"""Stage names: every synonym by hand, and nothing that merely resembles one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sleepaug.data.stages import STAGES, SYNONYMS, UNKNOWN, is_stage, stage_of
from sleepaug.support.errors import RecordingError

EXPECTED = {
    "W": [
        *("W", "Wake", "Sleep stage W", "stage w", "0", "WAKE", " awake ", "SLEEP-S0", "SLEEP-W"),
        *("Éveil", "Wach", "Waak", "Vigilia", "StageW", "Stage - W", "Veille"),
    ],
    "N1": [
        "N1",
        "S1",
        "1",
        "Sleep stage 1",
        "Sleep stage N1",
        "Stage 1 sleep",
        "NREM 1",
        "Stade 1",
    ],
    "N2": ["N2", "S2", "2", "Sleep stage 2", "sleep_stage_N2", "NREM2", "NREM-2", "StageN2"],
    "N3": [
        *("N3", "S3", "S4", "3", "Sleep stage 3", "Sleep stage 4", "N4", "Stage 4 sleep", "SWS"),
        *("Stage IV", "Sommeil lent profond", "Tiefschlaf", "Schlafstadium 3", "Slaapstadium N3"),
    ],
    "R": ["R", "REM", "5", "Sleep stage R", "Stage REM sleep", "REM-Schlaf", "Sueño REM"],
    "?": ["?", "Sleep stage ?", "Movement time", "MT", "Unscored", "n/a", "-1", "9", "artifact"],
}


@pytest.mark.parametrize(
    ("text", "stage"), [(text, stage) for stage, texts in EXPECTED.items() for text in texts]
)
def test_synonyms(text: str, stage: str) -> None:
    assert stage_of(text) == stage


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MicroArousal_C3",
        "Sleep stage",
        "N",
        "N5",
        "REMS1",
        "W2",
        "sleep",
        "NREM",
        "X3",
        "I",
        "²",
    ],
)
def test_resemblance_is_not_enough(text: str) -> None:
    with pytest.raises(RecordingError, match="unknown stage"):
        stage_of(text)


def test_bare_4_is_ambiguous() -> None:
    with pytest.raises(RecordingError, match="S4 in some scorings and REM in others"):
        stage_of("4")


@given(st.sampled_from(sorted(SYNONYMS)), st.data())
def test_case_and_spaces_do_not_matter(text: str, data: st.DataObject) -> None:
    upper = data.draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    shaken = "".join(c.upper() if up else c for c, up in zip(text, upper, strict=True))
    gap = data.draw(st.text(" \t_", min_size=1, max_size=3))
    assert stage_of(gap + shaken.replace(" ", gap) + gap) == SYNONYMS[text]


@given(st.text())
def test_any_text_is_a_stage_or_our_error(text: str) -> None:
    if is_stage(text):
        assert stage_of(text) in (*STAGES, UNKNOWN)
    else:
        with pytest.raises(RecordingError) as error:
            stage_of(text)
        assert str(error.value).isprintable()
