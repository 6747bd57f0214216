"""Time a training step and inference of AugNet against the authors' public code.

    git clone https://github.com/cedricrommel/augnet ../augnet-authors
    python benchmarks/augnet_step.py --peer ../augnet-authors [--device cuda]

Three layers (sensors, time-frequency, time-frequency) and the Chambon2018 trunk on float32 windows
of 6 x 3000; forward, backward and Adam; alternately in one process, medians in milliseconds (of CPU
time with OMP_NUM_THREADS=1). With SLEEPAUG_CC= our trunk is not compiled (torch alone). Theirs has
four transforms in the sensors layer (rotations cannot be trained there), ours those four and
the three rotations of the paper. Their code is run as it is, with two names that braindecode has
changed since put back (see `import_peer`). Peak memory is that of a step above the process's size
before it, each in a process of its own.
"""

import argparse
import json
import logging
import subprocess
import sys
import types
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from transforms import CH_NAMES, SFREQ, interleaved, machine, synchronize

from sleepaug.augment import AugmentationModule, AugmentedModel, augnet_layers, eeg_transforms
from sleepaug.models.chambon2018 import Chambon2018
from sleepaug.models.conv_max_pool_compiled import compiler, library

REGULARIZATION = 10.0
COLLAPSED = ("channels_dropout", "frequency_shift", "ft_surrogate")
"""One transform a layer, once training has decided; the two dearest of the time-frequency ones."""


def our_model(n_copies: int, device: str) -> AugmentedModel:
    """Return the paper's AugNet."""
    transforms = eeg_transforms(SFREQ, CH_NAMES)
    augment = AugmentationModule.of(transforms, augnet_layers(transforms))
    trunk = Chambon2018(n_chans=6, n_times=3000, sfreq=SFREQ)
    return AugmentedModel(augment, trunk, n_copies_eval=n_copies).to(device)


def our_step(model: AugmentedModel, x: torch.Tensor, y: torch.Tensor) -> Callable[[], None]:
    """Return a training step of ours."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-6, betas=(0.0, 0.999))

    def step() -> None:
        loss = F.nll_loss(model(x), y) + REGULARIZATION * model.augment.regularizer()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.augment.project_()

    return step


def import_peer(folder: Path) -> None:
    """Make the authors' package importable with today's braindecode.

    braindecode 1.6.1 dropped ``_make_permutation_matrix``, and since 0.8 asks for masks with a
    device; torchdiffeq is needed by their Augerino only.
    """
    functional = import_module("braindecode.augmentation.functional")

    def permutation_matrix(x, mask, random_state):
        rows = functional._make_channel_permutation(x, mask, random_state)
        return F.one_hot(rows, x.shape[1]).to(x.dtype)

    functional._make_permutation_matrix = permutation_matrix
    sys.modules.setdefault("torchdiffeq", types.SimpleNamespace(odeint=None))  # type: ignore[arg-type]
    sys.path.insert(0, str(folder))
    base = import_module("augnet.augmentations.eeg.diff_transforms").DiffTransform
    mask_of = base._get_mask

    def get_mask(self, batch_size=None, device=None):
        mask = mask_of(self, batch_size)
        return mask if device is None else mask.to(device)

    base._get_mask = get_mask


def peer_model(n_copies: int, device: str) -> nn.Module:
    """Return the authors' AugNet with the settings of their sleep experiment."""
    eeg, models = import_module("augnet.augmentations.eeg"), import_module("augnet.models")
    start = {"initial_magnitude": 0.1, "initial_probability": 1.0, "random_state": 0}
    swap = {"initial_magnitude": 1.0, "initial_probability": 0.1, "random_state": 0}
    sensors = [
        eeg.DiffSignFlip(initial_probability=0.1, random_state=0),
        eeg.DiffChannelsSymmetry(ordered_ch_names=CH_NAMES, **swap),
        eeg.DiffChannelsDropout(**start),
        eeg.DiffChannelsShuffle(**start),
    ]
    layers = [sensors]
    layers += [
        [
            eeg.DiffTimeReverse(**swap),
            eeg.DiffGaussianNoise(**start),
            eeg.DiffTimeMask(**start),
            eeg.DiffFTSurrogate(**start),
            eeg.DiffFrequencyShift(sfreq=SFREQ, **start),
        ]
        for _ in range(2)
    ]
    module = models.AugmentationModule(
        [models.AugmentationLayer(layer, temperature=0.01, data_dim=2) for layer in layers]
    )
    braindecode_models = import_module("braindecode.models")
    trunk = braindecode_models.SleepStagerChambon2018(
        n_chans=6, n_times=3000, sfreq=SFREQ, n_outputs=5, drop_prob=0.5
    )
    return models.AugAveragedModel(trunk, module, ncopies=n_copies).to(device)


def peer_step(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> Callable[[], None]:
    """Return a training step of theirs."""
    loss_of = import_module("augnet.losses").aug_layer_loss
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-6, betas=(0.0, 0.999))

    def step() -> None:
        loss = loss_of(model(x), y, model, reg=REGULARIZATION)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


@torch.no_grad()
def collapse(model: nn.Module) -> None:
    """Give one transform of each layer all the weight."""
    if isinstance(model, AugmentedModel):
        for layer, name in zip(model.augment.layers, COLLAPSED, strict=True):
            layer.logits[[t.name for t in layer.transforms].index(name)] += 5
    else:
        for layer, q in zip(model.aug.layers, (2, 4, 3), strict=True):
            layer._weights[q] += 5


def peak_memory(which: str, n_windows: int, device: str, peer: Path | None) -> float:
    """Return the peak memory in MB of a step above what was in use before it."""
    x, y = batch(n_windows, device)
    if which == "peer":
        assert peer is not None
        import_peer(peer)
        model = peer_model(4, device)
        small, large = (peer_step(model, x[:n], y[:n]) for n in (1, n_windows))
    else:
        model = our_model(4, device)
        small, large = (our_step(model, x[:n], y[:n]) for n in (1, n_windows))
    small()  # libraries and gradients are in place
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        large()
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest size so far
    before = resident("VmRSS")
    for _ in range(3):
        large()
    return (resident("VmHWM") - before) / 1e3


def resident(field: str) -> float:
    """Return a size of this process in kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(field)).split()[1])


def batch(n_windows: int, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return windows and stages."""
    torch.manual_seed(0)
    x = torch.randn(n_windows, 6, 3000, device=device)
    return x, torch.randint(5, (n_windows,), device=device)


def row(label: str, ours: float, theirs: float | None) -> None:
    """Print a row of the table."""
    rest = "| |" if theirs is None else f"{theirs:.1f} | {theirs / ours:.1f} |"
    print(f"| {label} | {ours:.1f} | {rest}", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", type=Path, help="folder of the authors' code")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each row")
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    device, peer = arguments.device, arguments.peer
    if arguments.memory:
        which, n_windows = arguments.memory
        print(json.dumps(peak_memory(which, int(n_windows), device, peer)))
        return
    code = library(13, compiler()) if device == "cpu" else None
    print(f"{machine(device)}, trunk {'compiled by ' + compiler() if code else 'by torch alone'}\n")
    if peer is None:
        print("Without --peer, the authors' code is not timed.\n")
    else:
        import_peer(peer.resolve())
    print("| work | sleepaug | authors | ratio |\n| --- | --: | --: | --: |")
    for n_windows in (16, 64):
        steps(n_windows, device, peer is not None, arguments.seconds)
    for n_copies in (4, 20):
        inference(n_copies, device, peer is not None, arguments.seconds)
    for n_windows in (16, 64):
        peaks = {which: in_own_process(which, n_windows, device, peer) for which in kinds(peer)}
        row(f"peak memory of a step, {n_windows} windows (MB)", peaks["ours"], peaks.get("peer"))
    overhead(device, arguments.seconds)


def kinds(peer: object) -> list[str]:
    """Return whose code there is."""
    return ["ours", "peer"] if peer else ["ours"]


def steps(n_windows: int, device: str, with_peer: bool, seconds: float) -> None:
    """Time training steps, undecided and collapsed."""
    x, y = batch(n_windows, device)
    for label in ("all weights", "one transform a layer"):
        functions = {}
        ours = our_model(4, device)
        theirs = peer_model(4, device) if with_peer else None
        for model in filter(None, (ours, theirs)):
            if label != "all weights":
                collapse(model)
        functions["ours"] = our_step(ours, x, y)
        if theirs is not None:
            functions["peer"] = peer_step(theirs, x, y)
        medians = interleaved(functions, device, seconds)
        row(f"step, {n_windows} windows, {label} (ms)", medians["ours"], medians.get("peer"))


def inference(n_copies: int, device: str, with_peer: bool, seconds: float) -> None:
    """Time the prediction of 16 windows."""
    x, _ = batch(16, device)
    for label in ("all weights", "one transform a layer"):
        models = {"ours": our_model(n_copies, device).eval()}
        if with_peer:
            models["peer"] = peer_model(n_copies, device).eval()
        if label != "all weights":
            for model in models.values():
                collapse(model)
        calls = {name: lambda model=model: predict(model, x) for name, model in models.items()}
        medians = interleaved(calls, device, seconds)
        name = f"inference, 16 windows, {n_copies} copies, {label} (ms)"
        row(name, medians["ours"], medians.get("peer"))


@torch.no_grad()
def predict(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return what the model says."""
    return model(x)


def overhead(device: str, seconds: float) -> None:
    """Print what AugmentedModel costs over its trunk alone, for as many windows."""
    model = our_model(4, device).eval()
    x, _ = batch(64, device)
    calls = {
        "trunk": lambda: predict(model.trunk, x),
        "model": lambda: predict(model, x[:16]),
    }
    medians = interleaved(calls, device, seconds)
    synchronize(device)
    extra = medians["model"] - medians["trunk"]
    print(
        f"\nInference of 16 windows with 4 copies takes {medians['model']:.1f} ms; the trunk alone "
        f"takes {medians['trunk']:.1f} ms for these 64, so augmenting and averaging add "
        f"{extra:.1f} ms ({extra / medians['trunk']:.0%})."
    )


def in_own_process(which: str, n_windows: int, device: str, peer: Path | None) -> float:
    """Return `peak_memory` measured in a fresh process."""
    command = [sys.executable, __file__, "--memory", which, str(n_windows), "--device", device]
    command += ["--peer", str(peer)] if peer else []
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(result.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
