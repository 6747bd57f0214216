"""Two short nights with hostile names, staged, and a review of them."""

import threading

import edfio
import numpy as np
import pytest

from sleepaug.staging.hypnogram.formats import write_forms
from sleepaug.staging.hypnogram.hypnogram import Hypnogram
from sleepaug.staging.nights import find_nights, safe_name
from sleepaug.staging.review.nights import stored_nights
from sleepaug.staging.review.server import ReviewServer
from sleepaug.staging.review.session import Review, ReviewSettings

HOSTILE = "<img src=x onerror=alert(1)>\"' ü …%2e%2e"
N = 12


def staged(name, seed):
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.full(5, 0.4), N)
    probabilities[3] = np.nan
    reason = ["<b>C3</b>: flat" if k == 3 else "" for k in range(N)]
    notes = ["Warning: <script>alert(2)</script>", "C3: as recorded."]
    return Hypnogram(30.0 * np.arange(N), probabilities, reason, notes=notes, name=name)


@pytest.fixture
def folders(tmp_path):
    """Folders of recordings and of their hypnograms; the third recording is damaged."""
    recordings, hypnograms = tmp_path / "nights", tmp_path / "out"
    x = np.random.default_rng(0).normal(0, 20, 100 * 30 * N)
    for k, name in enumerate((f"a {HOSTILE}", "b")):
        (recordings / "x").mkdir(parents=True, exist_ok=True)
        (hypnograms / "x").mkdir(parents=True, exist_ok=True)
        path = recordings / "x" / f"{name}.edf"
        signal = edfio.EdfSignal(x, 100, label="C3", physical_dimension="uV")
        edfio.Edf([signal]).write(path)
        write_forms(staged(name, k), hypnograms / "x", safe_name(path), ["csv", "json"])
    (recordings / "x" / "c.edf").write_bytes(b"0       damaged")
    return recordings, hypnograms


@pytest.fixture
def review(folders, tmp_path):
    recordings, hypnograms = folders
    nights = stored_nights(find_nights([recordings]), hypnograms)
    return Review(nights, ReviewSettings(tmp_path / "reviewed", ["csv", "json", "edf"]))


@pytest.fixture
def server(review):
    with ReviewServer(review) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join(5)
