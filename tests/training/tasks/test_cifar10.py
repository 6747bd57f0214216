"""CIFAR10 from its binary form, on images made for the test."""

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
def folder(tmp_path_factory):
    """Files in the binary form, in the folder that the archive unpacks to."""
    top = tmp_path_factory.mktemp("cifar")
    (top / "cifar-10-batches-bin").mkdir()
    for seed, name in enumerate((*TRAIN_FILES, TEST_FILE)):
        x, y = images(seed)
        np.column_stack([y.astype(np.uint8), x]).tofile(top / "cifar-10-batches-bin" / name)
    return top


@pytest.mark.parametrize("inner", ["", "cifar-10-batches-bin"])
def test_images_and_classes_are_those_of_the_files(folder, inner):
    x, y = read_files(folder / inner, TRAIN_FILES)
    assert x.shape == (N * len(TRAIN_FILES), 3, 32, 32)
    for k in range(len(TRAIN_FILES)):
        pixels, classes = images(k)
        assert np.array_equal(x[N * k : N * (k + 1)].reshape(N, -1), pixels)
        assert np.array_equal(y[N * k : N * (k + 1)], classes)


def test_a_fifth_of_each_class_validates(folder):
    loaded = Cifar10(data_dir=folder).load(seed=1)
    assert np.bincount(loaded.task.valid.y).tolist() == [2] * 10
    assert np.bincount(loaded.task.train.y).tolist() == [8] * 10
    assert 0 <= float(loaded.test.x.min()) <= float(loaded.test.x.max()) <= 1
    other = Cifar10(data_dir=folder).load(seed=2)
    assert not np.array_equal(loaded.task.valid.x, other.task.valid.x)


@pytest.mark.parametrize("inner", ["", "cifar-10-batches-py"])
def test_the_python_version_is_refused_and_the_right_download_named(tmp_path, inner):
    (tmp_path / inner).mkdir(exist_ok=True)
    (tmp_path / inner / "test_batch").write_bytes(b"a pickle")
    with pytest.raises(ConfigError, match=r"Python version.*cifar-10-binary\.tar\.gz") as caught:
        read_files(tmp_path, (TEST_FILE,))
    assert caught.value.parameters == ("data_dir",)


def test_an_empty_folder_is_told_which_file_it_lacks(tmp_path):
    with pytest.raises(ConfigError, match=r"test_batch\.bin.*cifar-10-binary\.tar\.gz"):
        read_files(tmp_path, (TEST_FILE,))


@pytest.mark.parametrize("n_bytes", [0, 3072, 3074])
def test_a_file_cut_short_is_named(tmp_path, n_bytes):
    (tmp_path / TEST_FILE).write_bytes(b"\x00" * n_bytes)
    with pytest.raises(ConfigError, match=rf"test_batch\.bin: its {n_bytes} bytes are not a whole"):
        read_files(tmp_path, (TEST_FILE,))


def test_a_missing_file_is_named(tmp_path):
    (tmp_path / "data_batch_1.bin").write_bytes(b"\x00" * 3073)
    with pytest.raises(ConfigError, match=r"data_batch_2\.bin.* is missing"):
        read_files(tmp_path, TRAIN_FILES)


def test_a_class_that_does_not_exist_is_named(tmp_path):
    (tmp_path / TEST_FILE).write_bytes(b"\x0a" + b"\x00" * 3072)
    with pytest.raises(ConfigError, match="an image of class 10"):
        read_files(tmp_path, (TEST_FILE,))


def test_normalisation_is_that_of_the_paper(folder):
    x = Cifar10(data_dir=folder).load(seed=0).test.x
    expected = (x.numpy() - np.reshape(MEAN, (3, 1, 1))) / np.reshape(STD, (3, 1, 1))
    assert Normalize()(x).numpy() == pytest.approx(expected, abs=1e-5)


def test_every_variant_of_the_settings_runs(folder, tmp_path, config_path):
    """One epoch of each, with a narrow trunk, through the whole of training and scoring."""
    config = load_config(
        config_path("cifar10_paper.yaml"),
        [
            ("task.data_dir", str(folder)),
            ("task.width", 2),
            ("training.epochs", 1),
            ("run.seed", 0),
        ],
    )
    metrics = train(config, tmp_path / "run")
    assert set(metrics.variants) >= {"none", "fixed", "augerino", "augnet_1", "augnet_3"}
    for one in metrics.variants.values():
        assert one.test["n_windows"] == N
