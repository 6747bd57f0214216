"""Stage names: every synonym by hand, and nothing that merely resembles one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sleepaug.data.stages import STAGES, SYNONYMS, UNKNOWN, stage_of
from sleepaug.support.errors import RecordingError

EXPECTED = {
    "W": ["W", "Wake", "Sleep stage W", "stage w", "0", "WAKE", " awake ", "SLEEP-S0"],
    "N1": ["N1", "S1", "1", "Sleep stage 1", "Sleep stage N1", "Stage 1 sleep", "NREM 1"],
    "N2": ["N2", "S2", "2", "Sleep stage 2", "sleep_stage_N2", "NREM2", "SLEEP-S2"],
    "N3": ["N3", "S3", "S4", "3", "Sleep stage 3", "Sleep stage 4", "N4", "Stage 4 sleep", "SWS"],
    "R": ["R", "REM", "5", "Sleep stage R", "Stage REM sleep", "rem sleep", "SLEEP-REM"],
    "?": ["?", "Sleep stage ?", "Movement time", "MT", "Unscored", "n/a", "-1", "9", "artifact"],
}


@pytest.mark.parametrize(
    ("text", "stage"), [(text, stage) for stage, texts in EXPECTED.items() for text in texts]
)
def test_synonyms(text: str, stage: str) -> None:
    assert stage_of(text) == stage


@pytest.mark.parametrize(
    "text", ["", "MicroArousal_C3", "Sleep stage", "N", "N5", "REMS1", "W2", "sleep", "NREM", "X3"]
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
    if " ".join(text.replace("_", " ").split()).lower() in SYNONYMS:
        assert stage_of(text) in (*STAGES, UNKNOWN)
    else:
        with pytest.raises(RecordingError) as error:
            stage_of(text)
        assert str(error.value).isprintable()
