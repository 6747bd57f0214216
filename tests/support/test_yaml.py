"""Settings files: read as YAML 1.2, and what is wrong with one is named."""

import pytest

from sleepaug.support.errors import ConfigError
from sleepaug.support.yaml import parse_yaml, read_yaml


def test_words_that_yaml_1_1_takes_for_truth_stay_words():
    assert parse_yaml("{a: no, b: on, c: true, d: 1e-3, e: 0o17}") == {
        "a": "no", "b": "on", "c": True, "d": 1e-3, "e": 15,
    }  # fmt: skip


def test_an_empty_file_holds_no_settings(tmp_path):
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert read_yaml(tmp_path / "empty.yaml") == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"training: {epochs: 1}\ntraining: {epochs: 2}", "not valid YAML in line 2"),
        (b"a: [1", "not valid YAML"),
        (b"- 1\n- 2\n", "expected keys and values at the top"),
        (b"\xff\xfe\x00", "cannot be read as a settings file"),
    ],
)
def test_a_file_that_holds_no_settings_is_refused(tmp_path, content, words):
    path = tmp_path / "wrong.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"wrong\.yaml: .*{words}|wrong\.yaml: {words}"):
        read_yaml(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no\.yaml: cannot be read as a settings file: No such"):
        read_yaml(tmp_path / "no.yaml")
