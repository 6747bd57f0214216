"""What is said of a scoring beside a recording."""

from sleepaug.staging.scoring_fit import scoring_fit


def test_a_scoring_that_fits_one_that_does_not_and_none(tmp_path):
    recording = tmp_path / "night.fif"  # its header is not looked at
    recording.write_bytes(b"x")
    assert scoring_fit(recording, 90) is None
    table = tmp_path / "night.csv"
    table.write_text("onset,duration,stage\n0,30,W\n30,60,N2\n")
    fit = scoring_fit(recording, 90)
    assert fit.fits
    assert {stage: n for stage, n in fit.epochs.items() if n} == {"W": 1, "N2": 2}
    assert "W 1, N2 2 epochs, from 0 to 90 s" in fit.lines()[0]
    assert "Warning: the recording lasts 900 s" in scoring_fit(recording, 900).lines()[1]
    table.write_text("onset,duration,stage\n0,30,N9\n")
    assert "unknown stage 'N9'" in scoring_fit(recording, 90).lines()[0]
    (tmp_path / "night_hypnogram.txt").write_text("W\n")
    assert "several scorings" in scoring_fit(recording, 90).lines()[0]
