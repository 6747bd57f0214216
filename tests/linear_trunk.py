"""A network that takes windows of any length, such as those of scikit-learn's checks."""

from torch import nn


def linear(*, n_chans, n_times, sfreq, n_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(n_chans * n_times, n_classes))
