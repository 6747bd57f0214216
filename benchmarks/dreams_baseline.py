"""A plain baseline on real EEG: band powers and linear discriminant analysis, one channel.

Leaves one of the six DREAMS excerpts out at a time, and prints the pooled scores:

    python benchmarks/dreams_baseline.py FOLDER_OF_THE_EXCERPTS
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.signal import welch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sleepaug.data.datasets.dreams import dreams
from sleepaug.data.prepare import prepare
from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.data.stages import STAGES
from sleepaug.data.windows import Windows
from sleepaug.experiments.report import scores_text
from sleepaug.training.metrics import confusion_matrix, scores

BANDS = ((0.5, 2), (2, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14), (14, 16), (16, 22))


def band_powers(windows: Windows) -> np.ndarray:
    """Log power in each band, in parts of the window's whole: (n_windows, n_bands).

    Bands end below 25 Hz, the highest frequency of the excerpt that is sampled at 50 Hz.
    """
    frequency, power = welch(windows.x[:, 0], windows.sfreq, nperseg=int(4 * windows.sfreq))
    inside = [(frequency >= low) & (frequency < high) for low, high in BANDS]
    absolute = np.stack([power[:, band].sum(axis=1) for band in inside], axis=1)
    return np.log(absolute / absolute.sum(axis=1, keepdims=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    preprocessing = Preprocessing(channels=("C3",), map={"C3": "C3-A1|CZ-A1"})
    windows = prepare(dreams(parser.parse_args().folder), preprocessing)
    x, confusion = band_powers(windows), np.zeros((5, 5), int)
    for excerpt in np.unique(windows.recording):
        test = windows.recording == excerpt
        present = len(np.unique(windows.y[~test]))
        model = make_pipeline(
            StandardScaler(), LinearDiscriminantAnalysis(priors=np.full(present, 1 / present))
        ).fit(x[~test], windows.y[~test])
        one = confusion_matrix(windows.y[test], model.predict(x[test]), 5)
        confusion += one
        print(f"{excerpt}: balanced accuracy {scores(one, STAGES)['balanced_accuracy']:.3f}")
    print(scores_text(scores(confusion, STAGES)))


if __name__ == "__main__":
    main()
