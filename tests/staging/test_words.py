"""Models as Python and a notebook show them: one short line, safe whatever the file says."""

from dataclasses import replace

import pytest

import sleepaug
from sleepaug.staging.several_stagers import SeveralStagers


@pytest.mark.parametrize(
    ("name", "kind", "parts"),
    [
        ("spectral", "Stager", ("C3, C4, F3, F4, O1, O2", "simulated data (22425 windows")),
        (
            "default",
            "RecordingStager",
            ("any EEG channels", "YASA-labelled data (136796 windows of 400 recordings)"),
        ),
    ],
)
def test_a_stager_and_its_description_are_one_line(name, kind, parts):
    stager = sleepaug.load_model(name)
    assert repr(stager).startswith(f"<{kind}: {name}; ")
    version = f"sleepaug {stager.description.sleepaug}"
    for text in (repr(stager), repr(stager.description), stager._repr_html_()):
        assert all(part in text for part in (*parts, "trained on simulated", version))
        assert len(text) < 310
        assert "\n" not in text
    assert len(repr(stager.sources)) < 500


def test_several_models_are_named():
    both = sleepaug.load_model("default,spectral")
    assert repr(both).startswith(
        "<SeveralStagers: default (simulated, partly YASA-labelled data (136796 w"
    )
    assert "; spectral (simulated data" in repr(both)
    many = SeveralStagers({str(k): stager for k, stager in enumerate([both] * 9)})
    assert len(repr(many)) == 300
    assert repr(many).endswith("...>")


def test_what_a_file_says_is_neither_obeyed_nor_run():
    stager = sleepaug.load_model("spectral")
    data = replace(stager.description.trained_on, data="<script>\x1b[31m\n")
    hostile = replace(stager, description=replace(stager.description, trained_on=data))
    assert "\x1b" not in repr(hostile)
    assert "\n" not in repr(hostile)
    assert "<script>" not in hostile._repr_html_()
    assert "&lt;script&gt;" in hostile._repr_html_()


def test_yasa_is_one_line():
    pytest.importorskip("yasa")
    text = repr(sleepaug.load_model("yasa"))
    assert text.startswith("<YasaStager: yasa ")
    assert "; trained on" in text
