"""Which models a name stands for: lists, the folds of a run, and folders that hold several."""

from pathlib import Path

import pytest
from model_file import write_model

from sleepaug.models.several import find_models
from sleepaug.support.errors import ModelError


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run of three folds, one of two variants, and a comparison."""
    folder = tmp_path_factory.mktemp("runs")
    file = write_model(folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").unlink()
    for name in (
        "folds/fold-0",
        "folds/fold-1",
        "folds/fold-10",
        "variants/x",
        "variants/y/fold-0",
    ):
        (folder / name).mkdir(parents=True)
        (folder / name / "model.safetensors").write_bytes(file)
    (folder / "comparison" / "lanes" / "none-fold0-seed0").mkdir(parents=True)
    (folder / "unfinished" / "fold-0").mkdir(parents=True)
    return folder


def test_a_list_names_each_model(runs):
    models = find_models(f"spectral,{runs / 'variants' / 'x'},yasa")
    assert list(models) == ["spectral", "x", "yasa"]
    assert models["yasa"] is None
    assert models["x"] == runs / "variants" / "x" / "model.safetensors"
    assert find_models(["spectral", Path("yasa")]).keys() == {"spectral", "yasa"}


def test_a_run_stands_for_its_folds_in_their_order(runs):
    assert list(find_models(runs / "folds")) == ["folds/fold-0", "folds/fold-1", "folds/fold-10"]


def test_a_file_with_a_comma_in_its_name_is_one_model(tmp_path):
    path = write_model(tmp_path / "a,b.safetensors")
    assert find_models(path) == {"a,b": path}


def test_models_of_one_name_are_told_apart_by_their_paths(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "run").mkdir(parents=True)
        write_model(tmp_path / name / "run" / "model.safetensors")
    models = find_models([tmp_path / "one" / "run", tmp_path / "two" / "run"])
    assert list(models) == [str(path) for path in models.values()]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "variants",
            r"Name one of these folders:\n.*variants/x\n.*variants/y$",
        ),
        ("comparison", "a comparison, which keeps scores and no models"),
        ("unfinished", "fold-0: holds no model.safetensors. Is the training finished"),
        ("absent", "no such model"),
    ],
)
def test_a_folder_without_one_model_says_what_it_holds(runs, name, message):
    from sleepaug.staging.loading import load_model

    with pytest.raises(ModelError, match=message):
        load_model(runs / name)


@pytest.mark.parametrize(
    ("names", "message"), [("a,,b", "separated by commas"), ("yasa,yasa", "twice")]
)
def test_lists_that_cannot_be_are_refused(names, message):
    with pytest.raises(ModelError, match=message) as refused:
        find_models(names)
    assert refused.value.parameters == ("model",)
