"""Another stager on real EEG: the Greifswald Sleep Stage Classifier, one channel.

    pip install gssc
    python benchmarks/dreams_gssc.py FOLDER_OF_THE_EXCERPTS

Source: J. Hanna and A. Floel, An accessible and versatile deep learning-based sleep stage
classifier, Frontiers in Neuroinformatics 2023. Its networks are pickled files, which run code when
they are loaded.
"""

import argparse
import warnings
from pathlib import Path

import gssc
import mne
import numpy as np
import torch
from gssc.infer import EEGInfer

from sleepaug.data.datasets.dreams import dreams
from sleepaug.data.files.open import open_recording
from sleepaug.data.stages import STAGES
from sleepaug.experiments.report import scores_text
from sleepaug.training.metrics import confusion_matrix, scores
from sleepaug.training.recordings.nights import read_nights

NETWORKS = Path(gssc.__file__).parent / "nets"


def main() -> None:
    """Print the pooled scores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    warnings.simplefilter("ignore")
    mne.set_log_level("error")
    names = ("sig_net_v1.pt", "gru_net_v1.pt")
    networks = [torch.load(NETWORKS / name, "cpu", weights_only=False) for name in names]
    stager = EEGInfer(*networks, use_cuda=False)
    recordings = dreams(parser.parse_args().folder)
    confusion = np.zeros((5, 5), int)
    for recording, night in zip(recordings, read_nights(recordings), strict=True):
        opened = open_recording(recording)
        (name,) = opened.names
        rate = opened.rate(name)
        x = opened.read([name], 0, round(opened.seconds * rate))
        x = np.concatenate([x, x[:, -1:]], axis=1)  # it stages what begins before the last sample
        raw = mne.io.RawArray(x * 1e-6, mne.create_info([name], rate, "eeg"))
        stages, _ = stager.mne_infer(raw, eeg=[name], eog=[], eeg_drop=False)
        scored = night.y >= 0
        confusion += confusion_matrix(night.y[scored], stages[scored], len(STAGES))
    print(scores_text(scores(confusion, STAGES)))


if __name__ == "__main__":
    main()
