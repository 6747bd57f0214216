"""
Use the layers on your own PyTorch model and data
=================================================

AugNet's layers know nothing about sleep. Here they stand before a small network that tells a short
burst of 20 Hz from one of 30 Hz, wherever in the window it is.
"""

# %%
# Data: a tensor of windows (n_windows, n_chans, n_times) and one of classes.
import torch
from torch import nn

torch.manual_seed(0)
time = torch.arange(300) / 100  # s


def bursts(n):
    """Draw windows and classes."""
    y = torch.randint(2, (n,))
    frequency, middle = 20 + 10 * y[:, None, None], 0.5 + 2 * torch.rand(n, 1, 1)
    wave = torch.sin(2 * torch.pi * frequency * time) * torch.exp(-(((time - middle) / 0.1) ** 2))
    return 3 * wave + torch.randn(n, 2, 300), y


x, y = bursts(256)

# %%
# The candidates are the package's transforms of EEG and one written here: a function of a batch and
# one amount for each window.
from sleepaug.augment import AugmentationModule, AugmentedModel, Transform, eeg_transforms


def shifted(x, largest):
    """Turn each window round in time, by up to `largest` samples."""
    by = (torch.rand_like(largest) * largest).round().long()
    index = (torch.arange(x.shape[-1]) - by[:, None]) % x.shape[-1]
    return x.gather(-1, index[:, None].expand_as(x))


transforms = eeg_transforms(100.0, ["C3", "C4"])
transforms["circular_shift"] = Transform(
    "circular_shift", shifted, amount_at_1=150, unit="samples", differentiable=False
)
augment = AugmentationModule.of(
    transforms, [["sign_flip", "frequency_shift"], ["gaussian_noise", "time_masking"]]
)

# %%
# A layer learns weights and magnitudes by gradient descent, so it takes differentiable transforms
# only. The shift is by whole samples and has no gradient: it can be used in a fixed policy.
from sleepaug.augment import Policy

policy = Policy([[("circular_shift", 1.0, 1.0)]], transforms)
print(policy(x).shape)

# %%
# The model: layers, then the network; four augmented copies are averaged when it is used.
trunk = nn.Sequential(
    nn.Conv1d(2, 8, 25), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(8, 2)
)
model = AugmentedModel(augment, trunk, n_copies_eval=4)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for _ in range(20):
    model.train()
    for batch in torch.randperm(len(x)).split(32):
        loss = nn.functional.nll_loss(model(policy(x[batch])), y[batch])
        loss = loss + 0.05 * augment.regularizer()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        augment.project_()  # magnitudes stay in [0, 1]
print(f"loss {loss:.2f}")

# %%
# What it learned, and how it does on windows it has not seen.
for name, value in augment.describe().items():
    print(f"{name}: {value:.3g}")
model.eval()
x_test, y_test = bursts(256)
with torch.no_grad():
    print(f"accuracy {(model(x_test).argmax(1) == y_test).float().mean():.3f}")
