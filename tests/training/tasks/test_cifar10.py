"""CIFAR10 from its own formats, on images made for the test; and no program hidden in a pickle."""

import os
import pickle

import numpy as np
import pytest

from sleepaug.experiments.run import train
from sleepaug.experiments.settings import load_config
from sleepaug.support.errors import ConfigError
from sleepaug.training.tasks.cifar10 import (
    MEAN,
    STD,
    TEST_FILE,
    TRAIN_FILES,
    Cifar10,
    Normalize,
    read_files,
)

N = 20  # images a file


def images(seed):
    """Ten classes by their colour."""
    random = np.random.default_rng(seed)
    y = np.arange(N) % 10
    x = (
        random.integers(0, 40, (N, 3, 1024))
        + 20 * y[:, None, None] * np.array([1, 0.5, 0])[:, None]
    )
    return x.astype(np.uint8).reshape(N, 3072), y


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The same images in the binary and in the Python version."""
    top = tmp_path_factory.mktemp("cifar")
    binary, pickled = top / "a" / "cifar-10-batches-bin", top / "b" / "cifar-10-batches-py"
    for folder in (binary, pickled):
        folder.mkdir(parents=True)
    for seed, name in enumerate((*TRAIN_FILES, TEST_FILE)):
        x, y = images(seed)
        np.column_stack([y.astype(np.uint8), x]).tofile(binary / f"{name}.bin")
        content = {b"data": x, b"labels": y.tolist(), b"batch_label": b"made up", b"filenames": []}
        with (pickled / name).open("wb") as file:
            pickle.dump(content, file, protocol=2)  # as the data set's own files
    return top / "a", top / "b"


def test_both_versions_hold_the_same_images(folders):
    for names in (TRAIN_FILES, (TEST_FILE,)):
        (x, y), (x2, y2) = (read_files(folder, names) for folder in folders)
        assert x.shape == (N * len(names), 3, 32, 32)
        assert np.array_equal(x, x2)
        assert np.array_equal(y, y2)
    assert np.array_equal(x.reshape(N, -1), images(5)[0])


def test_a_fifth_of_each_class_validates(folders):
    loaded = Cifar10(data_dir=folders[0]).load(seed=1)
    assert np.bincount(loaded.task.valid.y).tolist() == [2] * 10
    assert np.bincount(loaded.task.train.y).tolist() == [8] * 10
    assert 0 <= float(loaded.test.x.min()) <= float(loaded.test.x.max()) <= 1
    other = Cifar10(data_dir=folders[0]).load(seed=2)
    assert not np.array_equal(loaded.task.valid.x, other.task.valid.x)


class Program:
    def __reduce__(self):
        return os.system, ("echo harm > harm.txt",)


def test_a_pickle_that_would_run_a_program_is_refused(folders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in TRAIN_FILES:
        with (tmp_path / name).open("wb") as file:
            pickle.dump({b"data": Program(), b"labels": [0]}, file)
    with pytest.raises(ConfigError, match="system"):
        read_files(tmp_path, TRAIN_FILES)
    assert not (tmp_path / "harm.txt").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({b"data": np.zeros((1, 3072), np.float32), b"labels": [0]}, "expected bytes"),
        ({b"data": np.zeros((2, 3072), np.uint8), b"labels": [0]}, "expected bytes"),
        ({b"data": np.zeros((1, 3072), np.uint8), b"labels": [10]}, "classes must be"),
        ({b"labels": [0]}, "lacks"),
    ],
)
def test_what_is_wrong_with_a_pickle_is_said(tmp_path, content, message):
    with (tmp_path / TEST_FILE).open("wb") as file:
        pickle.dump(content, file)
    with pytest.raises(ConfigError, match=message):
        read_files(tmp_path, (TEST_FILE,))


def test_broken_and_missing_files_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"test_batch\.bin"):
        read_files(tmp_path, (TEST_FILE,))
    (tmp_path / "test_batch.bin").write_bytes(b"\x00" * 3072)
    with pytest.raises(ConfigError, match="no whole number of images"):
        read_files(tmp_path, (TEST_FILE,))
    (tmp_path / "data_batch_1.bin").write_bytes(b"\x00" * 3073)
    with pytest.raises(ConfigError, match=r"data_batch_2\.bin.* is missing"):
        read_files(tmp_path, TRAIN_FILES)
    (tmp_path / TEST_FILE).write_bytes(b"no pickle")
    (tmp_path / "test_batch.bin").unlink()
    with pytest.raises(ConfigError, match="not a file of CIFAR10"):
        read_files(tmp_path, (TEST_FILE,))


def test_normalisation_is_that_of_the_paper(folders):
    x = Cifar10(data_dir=folders[0]).load(seed=0).test.x
    expected = (x.numpy() - np.reshape(MEAN, (3, 1, 1))) / np.reshape(STD, (3, 1, 1))
    assert Normalize()(x).numpy() == pytest.approx(expected, abs=1e-5)


def test_every_variant_of_the_settings_runs(folders, tmp_path, config_path):
    """One epoch of each, with a narrow trunk, through the whole of training and scoring."""
    config = load_config(
        config_path("cifar10_paper.yaml"),
        [
            ("task.data_dir", str(folders[1])),
            ("task.width", 2),
            ("training.epochs", 1),
            ("run.seed", 0),
        ],
    )
    metrics = train(config, tmp_path / "run")
    assert set(metrics["variants"]) >= {"none", "fixed", "augerino", "augnet_1", "augnet_3"}
    for one in metrics["variants"].values():
        assert one["test"]["n_windows"] == N
