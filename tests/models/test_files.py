"""Model files that are damaged or lie: refused with our errors, and nothing large is built."""

import contextlib
import json
import struct
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_file import described, write_model
from safetensors.torch import save_file

import sleepaug
from sleepaug.support.errors import ModelError

LIES = {
    "channels": ["a"] * 1000,
    "channels of another kind": 7,
    "sfreq": 1e9,
    "copies_eval": 10**9,
    "trunk": "os.system",
    "trunk_options": {"drop_prob": 1e99},
    "trunk_options unknown": {"n": 1},
    "prior": [0, 0, 0, 0, 1],
    "temperature": {"none": 0},
    "augmentation": {"name": "nothing like that"},
    "preprocessing": {"channels": ["C3"], "sfreq": 100},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_model_file_that_lies_is_refused(tmp_path, lie):
    key = lie.split()[0]
    path = write_model(tmp_path / "m.safetensors", **{key: LIES[lie]})
    with pytest.raises(ModelError, match="not a model of sleepaug"):
        sleepaug.load_model(path)


@pytest.mark.parametrize("key", ["preprocessing", "trunk", "augmentation", "channels", "sfreq"])
def test_a_model_file_that_lacks_something_is_refused(tmp_path, key):
    rest = {name: value for name, value in described().items() if name != key}
    metadata = {"sleepaug": json.dumps(rest)}
    save_file({"w": torch.zeros(1)}, tmp_path / "a", metadata=metadata)
    with pytest.raises(ModelError, match="not a model of sleepaug"):
        sleepaug.load_model(tmp_path / "a")


def test_weights_of_another_shape_or_not_finite_are_refused(tmp_path):
    metadata = {"sleepaug": json.dumps(described())}
    save_file({"trunk.final_layer.weight": torch.zeros(5, 9)}, tmp_path / "a", metadata=metadata)
    with pytest.raises(ModelError, match="not those of the network"):
        sleepaug.load_model(tmp_path / "a")
    good = sleepaug.load_model(write_model(tmp_path / "m.safetensors")).model.state_dict()
    good["trunk.final_layer.bias"][0] = float("nan")
    save_file(good, tmp_path / "b", metadata=metadata)
    with pytest.raises(ModelError, match="finite"):
        sleepaug.load_model(tmp_path / "b")


def test_a_header_that_promises_more_than_the_file_holds(tmp_path):
    header = json.dumps({"w": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}})
    path = tmp_path / "big.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode())
    with pytest.raises(ModelError, match="not a model file"):
        sleepaug.load_model(path)
    path.write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    with pytest.raises(ModelError, match="not a model file"):
        sleepaug.load_model(path)


@pytest.fixture(scope="module")
def bytes_of_a_model(tmp_path_factory) -> bytes:
    return write_model(tmp_path_factory.mktemp("model") / "m.safetensors").read_bytes()


@given(
    st.lists(st.tuples(st.integers(0, 3500), st.binary(min_size=1, max_size=6)), max_size=4),
    st.one_of(st.none(), st.integers(0, 5000)),
)
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_damaged_model_files_give_our_errors_and_no_other(
    tmp_path: Path, bytes_of_a_model: bytes, changes: list[tuple[int, bytes]], length: int | None
) -> None:
    data = bytearray(bytes_of_a_model)
    for at, content in changes:
        data[at : at + len(content)] = content
    path = tmp_path / "m.safetensors"
    path.write_bytes(data[:length])
    with contextlib.suppress(ModelError):
        assert len(sleepaug.load_model(path).description.channels) == 6


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(described())), JSON)
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_description_is_a_model_or_our_error(tmp_path: Path, key: str, value: object) -> None:
    path = write_model(tmp_path / "m.safetensors", **{key: value})
    with contextlib.suppress(ModelError):
        sleepaug.load_model(path)
