"""How fast ADDA's choices close, and how good its policy is, at several rates of the choices.

    python benchmarks/choice_rates.py DIR [--seeds 2] [--epochs 10] [--rates paper 1e-4 1e-3 1e-2]

DIR holds nights in the layout of MASS (`sleepaug simulate DIR`). For each rate and seed: the
relative entropy of the ten choices at the start, after the first batch and at the end of the
search, and the best balanced accuracy on the validation split of a network trained with the
policy. The test split is not looked at. `paper` is plain gradient descent with the policy's rate.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from sleepaug.data.signals.preprocessing import Preprocessing
from sleepaug.training.fit import Fit, Training
from sleepaug.training.methods.adda import ADDA
from sleepaug.training.tasks.sleep import Sleep


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rates", nargs="+", default=["paper", "1e-4", "1e-3", "1e-2"])
    options = parser.parse_args()
    task = Sleep(data="mass", data_dir=options.data, n_folds=4).load(Preprocessing()).task
    training = Training(epochs=30, patience=10)
    print(f"{len(task.train)} training and {len(task.valid)} validation windows")
    print(f"{'rate':<8}{'seed':>5}{'start':>8}{'1 batch':>9}{'end':>8}{'validation':>12}")
    for rate in options.rates:
        choice_lr = None if rate == "paper" else float(rate)
        for seed in range(options.seeds):
            method = ADDA(epochs=options.epochs, warm_start=5, choice_lr=choice_lr)
            search = method.search(task, training, seed=seed)
            start, after = float(search.learner.entropy()), []
            update = search.learner.update

            def once(train, valid, update=update, after=after, search=search):
                values = update(train, valid)
                after.append(float(search.learner.entropy()))
                return values

            search.learner.update = once
            for process in (search.pretraining, search):
                while not process.done:
                    row = process.step()
            fit = Fit(task, search.augmentation(), training, seed=seed)
            while not fit.done:
                fit.step()
            numbers = f"{start:>8.3f}{after[0]:>9.3f}{row['choice_entropy']:>8.3f}"
            print(f"{rate:<8}{seed:>5}{numbers}{fit.best_score:>12.3f}", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
