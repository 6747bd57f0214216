"""Windows read from the cache batch by batch are those that were in memory, and train the same."""

import threading

import numpy as np
import pytest
import torch

from sleepaug.augment import Identity
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.stored import StoredWindows
from sleepaug.support.errors import OutputError
from sleepaug.training.fit import Fit, Training
from sleepaug.training.scoring import scores_by_group
from sleepaug.training.tasks import streamed
from sleepaug.training.tasks.sleep import Sleep
from sleepaug.training.tasks.streamed import StreamedWindows
from tests.conftest import write_mass_night


@pytest.fixture
def stored(tmp_path):
    nights = [np.random.default_rng(k).normal(size=(5 + k, 2, 30)).astype("f4") for k in range(3)]
    for k, night in enumerate(nights):
        np.save(tmp_path / f"{k}.npy", night)
    mapped = [np.load(tmp_path / f"{k}.npy", mmap_mode="r") for k in range(3)]
    return StoredWindows.of(mapped), np.concatenate(nights)


def test_any_index_reads_what_the_array_holds(stored):
    windows, whole = stored
    assert windows.shape == whole.shape
    assert windows.nbytes == whole.nbytes
    order = np.random.default_rng(0).permutation(len(whole))
    mask = whole[:, 0, 0] > 0
    for index in (slice(None), slice(3, 9, 2), order, mask, order[:0]):
        assert np.array_equal(windows.read(index), whole[index])
        assert np.array_equal(windows[index].read(), whole[index])
    assert np.array_equal(windows[mask][::2].read(), whole[mask][::2])


@pytest.mark.parametrize("order", [[9, 5], [5, 9]])
def test_a_file_that_was_cut_short_is_noticed_in_any_order(stored, order):
    windows, _ = stored
    with windows.files[1].open("r+b") as file:
        file.truncate(windows.offsets[1] + 3 * 4 * 60)  # 3 of 6 windows; 5 is the first
    with pytest.raises(OutputError, match="cut short"):
        windows.read(np.array(order))


def test_batches_come_in_order_and_are_read_by_another_thread(stored, monkeypatch):
    windows, whole = stored
    threads = []
    read = StoredWindows.read
    monkeypatch.setattr(
        StoredWindows,
        "read",
        lambda *args: [threads.append(threading.current_thread().name), read(*args)][1],
    )
    x = StreamedWindows(windows, "cpu")
    parts = list(x.split(4))
    assert [len(part) for part in parts] == [4, 4, 4, 4, 2]
    assert torch.equal(torch.cat(parts), torch.from_numpy(whole))
    assert all(name.startswith("read windows") for name in threads)
    assert list(StreamedWindows(windows[:0], "cpu").split(4)) == []
    assert torch.equal(x[[0, 7]], torch.from_numpy(whole[[0, 7]]))


@pytest.mark.parametrize("device", ["cuda", "cpu"])
def test_for_a_gpu_windows_are_pinned_where_they_are_read_and_copied_meanwhile(
    device, stored, monkeypatch
):
    windows, whole = stored
    pinned, sent, to = [], [], torch.Tensor.to

    def pin_memory(tensor):
        pinned.append((tensor.untyped_storage().data_ptr(), threading.current_thread().name))
        return tensor

    def copied(tensor, *args, **options):
        if tensor.ndim != 3:
            return to(tensor, *args, **options)
        sent.append((tensor.untyped_storage().data_ptr(), str(args[0]), options))
        return tensor

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin_memory)
    monkeypatch.setattr(torch.Tensor, "to", copied)
    monkeypatch.setattr(streamed, "AT_ONCE", 8)
    parts = list(StreamedWindows(windows, device).split(4))
    assert torch.equal(torch.cat(parts), torch.from_numpy(whole))
    assert [where for _, where, _ in sent] == [device] * 5
    assert all(options == {"non_blocking": True} for *_, options in sent)
    if device == "cpu":
        assert not pinned
        return
    assert {memory for memory, *_ in sent} == {memory for memory, _ in pinned}
    assert all(thread.startswith("read windows") for _, thread in pinned)


def test_a_cache_that_was_emptied_meanwhile_is_named(stored, tmp_path):
    windows, _ = stored
    (tmp_path / "1.npy").unlink()
    assert len(windows.read(slice(0, 5))) == 5
    with pytest.raises(OutputError, match="this prepared night is gone"):
        windows.read(slice(0, 6))


def test_training_is_the_same_to_the_bit(tmp_path, monkeypatch):
    for number in range(1, 7):
        write_mass_night(tmp_path / "nights", number, windows=12)
    rows = []
    for limit in (2**30, 0):
        monkeypatch.setattr(streamed, "WHOLE", limit)
        sleep = Sleep(data="mass", data_dir=tmp_path / "nights", n_folds=3, trunk="spectral")
        loaded = sleep.load(Preprocessing(sfreq=64, lowpass=25), cache_dir=tmp_path / "cache")
        assert isinstance(loaded.task.train.x, StreamedWindows) is (limit == 0)
        fit = Fit(loaded.task, Identity(), Training(), seed=0)
        scores = scores_by_group(fit.model, loaded.test, loaded.task.classes)
        rows.append([fit.step(), fit.step(), scores])
    assert rows[0] == rows[1]


def test_fewer_subjects_are_trained_on_and_described(tmp_path):
    for number in range(1, 10):
        write_mass_night(tmp_path / "nights", number, windows=12)
    sleep = Sleep(data="mass", data_dir=tmp_path / "nights", n_folds=3, n_subjects=2)
    loaded = sleep.load(Preprocessing(), cache_dir=tmp_path / "cache")
    assert {part: len(who) for part, who in loaded.parts.items()} == {
        "train": 1, "valid": 1, "test": 3
    }  # fmt: skip
    assert set(loaded.task.train.group) == set(loaded.parts["train"])
    learned_from = {*loaded.parts["train"], *loaded.parts["valid"]}
    assert set(loaded.description.trained_on.subjects) == learned_from
