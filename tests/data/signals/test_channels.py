"""From names in a file to wanted channels and references."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sleepaug.data.signals.channel_names import TEN_TWENTY, ChannelName, parse_name
from sleepaug.data.signals.channels import choose
from sleepaug.support.errors import RecordingError

MASS = [f"EEG {name}-CLE" for name in (*TEN_TWENTY, "A2")] + ["EOG Left Horiz", "EMG Chin1"]
LER = [name.replace("CLE", "LER") for name in MASS if "A2" not in name]


@pytest.mark.parametrize(
    ("name", "electrode", "reference"),
    [
        ("EEG C3-A2", "C3", "A2"),
        ("C3-M2", "C3", "M2"),
        ("C3:A2", "C3", "A2"),
        ("C3A2", "C3", "A2"),
        ("C3-CLE", "C3", "CLE"),
        ("EEG C3-LER", "C3", "LER"),
        ("EEG C3", "C3", ""),
        ("c3", "C3", ""),
        ("  eeg   fp1 - ref ", "Fp1", "REF"),
        ("EEG Fpz-Cz", "Fpz", "Cz"),
        ("O1/A1+A2", "O1", "LE"),
        ("EEG Cz-0", "Cz", ""),
        ("C3-A2-1", "C3", "A2"),
    ],
)
def test_names(name: str, electrode: str, reference: str) -> None:
    assert parse_name(name) == ChannelName(electrode, reference)


@pytest.mark.parametrize("name", ["EMG1", "EOG Left Horiz", "ECG", "C", "C33", "EEG", "EEG 4", ""])
def test_no_eeg_names(name: str) -> None:
    assert parse_name(name) is None


@given(
    st.sampled_from(TEN_TWENTY),
    st.sampled_from(["", "A1", "A2", "M1", "M2", "CLE", "LER"]),
    st.sampled_from(["-", ":", " ", " - ", ""]),
    st.sampled_from(["", "EEG ", "eeg:", "EEG-"]),
    st.booleans(),
)
def test_every_way_to_write_a_name(
    electrode: str, reference: str, separator: str, prefix: str, lower: bool
) -> None:
    name = prefix + electrode + (separator + reference if reference else "")
    assert parse_name(name.lower() if lower else name) == ChannelName(electrode, reference)


@given(st.text())
def test_any_text_is_parsed_or_not(text: str) -> None:
    name = parse_name(text)
    assert name is None or name.electrode.upper() in text.upper()


def test_mass_as_recorded() -> None:
    sources = choose(MASS, ["C3", "O2"])
    assert list(sources) == ["C3", "O2"]
    assert sources["C3"].needs == ("EEG C3-CLE",)
    assert sources["C3"].sentence == "C3: EEG C3-CLE, as recorded (reference CLE)."


def test_reference_a2_is_subtracted() -> None:
    source = choose(MASS, ["C3"], reference="A2")["C3"]
    assert (source.channel, source.minus) == ("EEG C3-CLE", ("EEG A2-CLE",))
    assert "minus EEG A2-CLE" in source.sentence


def test_reference_a2_is_refused_by_name_without_an_a2_channel() -> None:
    with pytest.raises(RecordingError, match=r"reference A2: 'C3' comes from 'EEG C3-LER' .*no A2"):
        choose(LER, ["C3"], reference="A2")


def test_recorded_against_the_wanted_ear_needs_nothing() -> None:
    for name in ("C3-A2", "EEG C3:M2"):
        assert choose([name], ["C3"], reference="A2")["C3"].minus == ()


def test_an_ear_with_another_reference_is_no_part() -> None:
    with pytest.raises(RecordingError, match="no A2 channel with that reference"):
        choose(["C3-CLE", "A2-LER"], ["C3"], reference="A2")


def test_average_of_all_scalp_channels_with_the_same_reference() -> None:
    source = choose([*MASS, "Fpz-LER"], ["C3"], reference="average")["C3"]
    assert set(source.minus) == {f"EEG {name}-CLE" for name in TEN_TWENTY}
    with pytest.raises(RecordingError, match=r"has 2 EEG channels .* at least 8"):
        choose(["C3-CLE", "C4-CLE"], ["C3"], reference="average")


def test_contralateral() -> None:
    names = ["C3", "C4", "O1", "Cz", "M1", "M2"]
    sources = choose(names, ["C3", "C4", "O1"], reference="contralateral")
    assert [source.minus for source in sources.values()] == [("M2",), ("M1",), ("M2",)]
    assert choose(["C4-A1", "C3-A2"], ["C4"], reference="contralateral")["C4"].minus == ()
    with pytest.raises(RecordingError, match="'Cz' is on neither side"):
        choose(names, ["Cz"], reference="contralateral")


def test_old_and_new_names_of_one_place() -> None:
    assert choose(["EEG T7-A2"], ["T3"])["T3"].channel == "EEG T7-A2"


def test_derivation_by_its_full_name() -> None:
    names = ["EEG Fpz-Cz", "EEG Pz-Oz", "EOG horizontal"]
    assert choose(names, ["Fpz-Cz"])["Fpz-Cz"].channel == "EEG Fpz-Cz"
    assert choose(names, ["eog  Horizontal"])["eog  Horizontal"].channel == "EOG horizontal"


def test_a_bipolar_channel_does_not_stand_for_its_electrode() -> None:
    with pytest.raises(RecordingError, match="channel 'C3' not found"):
        choose(["C3-P3", "F3-C3"], ["C3"])


def test_missing_channel_lists_the_file_and_the_flag() -> None:
    with pytest.raises(RecordingError) as error:
        choose(["EEG Fpz-Cz", "EEG 4"], ["C3"])
    assert "The file has: EEG Fpz-Cz, EEG 4." in str(error.value)
    assert "map 'C3=NAME'" in str(error.value)


@pytest.mark.parametrize("names", [["C3-A2", "C3-A1"], ["C3", "EEG C3-CLE"], ["C3-0", "C3-1"]])
def test_two_channels_of_one_place(names: list[str]) -> None:
    with pytest.raises(RecordingError) as error:
        choose(names, ["C3"])
    assert f"'{names[0]}' and '{names[1]}' both stand for" in str(error.value)
    assert f"map 'C3={names[0]}'" in str(error.value)
    assert choose(names, ["C3"], {"C3": names[1]})["C3"].channel == names[1]


def test_alternatives_of_a_map_in_order() -> None:
    map = {"C3": "C3-A1|CZ-A1"}
    assert choose(["CZ-A1"], ["C3"], map)["C3"].channel == "CZ-A1"
    assert choose(["CZ-A1", "c3-a1"], ["C3"], map)["C3"].channel == "c3-a1"
    assert choose(["C3", "EEG 4"], ["C3"], {"C3": "EEG 4"})["C3"].channel == "EEG 4"
    assert choose(["EEG C3-A1", "EEG CZ-A1"], ["C3"], {"C3": "cz-a1"})["C3"].channel == "EEG CZ-A1"
    assert choose(["EEG C3-A1", "C3-A1"], ["C3"], {"C3": "C3-A1"})["C3"].channel == "C3-A1"
    with pytest.raises(RecordingError, match="mapped to C3-A1 or CZ-A1, which the file does not"):
        choose(["C3", "C4"], ["C3"], map)


def test_messages_are_safe_for_a_terminal() -> None:
    with pytest.raises(RecordingError) as error:
        choose(["\x1b[31mred\x07"], ["C3"])
    assert str(error.value).isprintable()
    source = choose(["a\x1b[2Jb"], ["C3"], {"C3": "a\x1b[2Jb"})["C3"]
    assert source.sentence.isprintable()


def test_the_montage_is_taken_where_the_electrode_itself_is_recorded_beside_it() -> None:
    assert choose(["C3", "C3-M2", "M2"], ["C3"])["C3"].channel == "C3-M2"
    assert choose(["C4-A1", "C4"], ["C4"])["C4"].channel == "C4-A1"
    with pytest.raises(RecordingError, match="both stand for"):
        choose(["C3", "C3-M2", "C3-M1"], ["C3"])


def test_a_place_that_is_mapped_to_something_else_is_said() -> None:
    for channel, words in (("Fpz-Cz", "difference of Fpz and Cz"), ("Chin", "not that of an EEG")):
        assert words in choose([channel], ["F3"], {"F3": channel})["F3"].sentence
    assert choose(["EEG 4"], ["F3"], {"F3": "EEG 4"})["F3"].sentence.endswith("not named).")


def test_where_none_is_found_all_are_named_and_one_is_enough() -> None:
    with pytest.raises(RecordingError, match=r"none of the channels C3, O2 was found; one of them"):
        choose(["EEG1", "EEG3"], ["C3", "O2"], allow_missing=True)
