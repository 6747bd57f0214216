"""Settings of a comparison: checked together, kept in a file, continued."""

import pytest

from sleepaug.experiments.comparison.settings import comparison_of, read_comparison
from sleepaug.support.errors import ConfigError
from sleepaug.training.methods import METHODS
from sleepaug.training.runs import RunFolder

SETTINGS = {
    "training": {"epochs": 4},
    "compare": {"budget": "30s", "folds": 1},
    "methods": {"augnet": {"layers": [["time_reverse"]]}, "random": {"trials": 5}},
}


def test_settings_are_checked_together():
    values = {
        "compare": {"budgt": "12h", "folds": 0},
        "methods": {"ada": {}, "dada": {"epoch": 3}},
        "method": "none",
    }
    with pytest.raises(ConfigError) as error:
        comparison_of(values)
    for part in ("compare.budgt", "compare.folds", "'ada'", "methods.dada.epoch", "method:"):
        assert part in str(error.value)


def test_settings_survive_their_file(tmp_path):
    comparison = comparison_of(SETTINGS)
    RunFolder(tmp_path / "c").start(comparison, "cpu")
    assert read_comparison(tmp_path / "c") == comparison
    assert comparison.compare.seconds == 30
    assert [job.name for job in comparison.jobs()][:2] == ["none-fold0-seed0", "augnet-fold0-seed0"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("1.5m", 90), ("12h", 43200), ("1d", 86400)]
)
def test_budgets(text, seconds):
    assert comparison_of({"compare": {"budget": text}}).compare.seconds == seconds


@pytest.mark.parametrize("text", ["12 hours", "0h", "h", "-3m"])
def test_other_budgets_are_refused(text):
    with pytest.raises(ConfigError, match="budget: expected a number above 0 with s, m, h or d"):
        comparison_of({"compare": {"budget": text}})


def test_what_is_not_compared_cannot_be_the_reference():
    values = {"compare": {"reference": "adda"}, "methods": ["augnet", "dada"]}
    with pytest.raises(ConfigError, match="'adda' is not compared"):
        comparison_of(values)
    assert list(comparison_of({"methods": ["dada"]}).methods) == ["none", "dada"]


def test_more_folds_and_methods_continue_a_comparison():
    started = comparison_of(SETTINGS)
    more = comparison_of({**SETTINGS, "methods": {"dada": {}}}, [("compare.folds", 3)])
    assert more.lanes_of(started) == started
    joined = more.joined(started)
    assert (joined.compare.folds, set(joined.methods)) == (3, {"none", "augnet", "random", "dada"})
    longer = comparison_of(SETTINGS, [("compare.budget", "60s")])
    assert longer.lanes_of(started) != started


def test_a_task_without_recordings_is_refused():
    with pytest.raises(ConfigError, match="on recordings, which task 'sinusoids' does not have"):
        comparison_of({"task": "sinusoids"})


def test_an_option_of_a_method_does_not_choose_the_methods():
    changed = comparison_of({}, [("methods.adda.epochs", 7)])
    assert changed.methods["adda"].epochs == 7
    assert list(changed.methods) == [name for name in METHODS if name != "augerino"]
