"""The training as an estimator of scikit-learn: windows and their classes in, predictions out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import nn

from sleepaug.augment.eeg import applicable
from sleepaug.augment.learned import Learned
from sleepaug.augment.model import log_probabilities
from sleepaug.data.signals.scaling import normalize
from sleepaug.models.trunks import make_trunk
from sleepaug.support.errors import ConfigError
from sleepaug.training.estimator_settings import checked_settings, validation_split
from sleepaug.training.fit import Fit, Training
from sleepaug.training.machine import pick_device
from sleepaug.training.methods.search import Method
from sleepaug.training.tasks.task import Split, Task


class WindowClassifier(ClassifierMixin, BaseEstimator):
    """Classify windows of EEG by a network that is trained together with its augmentation.

    It follows scikit-learn: use it in a `Pipeline`, `cross_val_score` or `GridSearchCV`. To train
    on recordings and stage others, use `sleepaug train`, which also reads, filters and calibrates.

    Parameters
    ----------
    sampling_rate : float
        Of the windows, in Hz.
    channel_names : sequence of str, optional
        Such as ``["C3", "C4"]``. Without names of the 10-20 system, transforms that need places
        (rotations, channels symmetry) are left out.
    method : str
        Where the augmentation comes from: "augnet", "none" or another of `METHODS`.
    method_options : dict, optional
        Its settings, such as ``{"regularization": 0.3}``; see the page on configuration.
    trunk : str or callable
        The network: "chambon2018", "spectral", a model of braindecode, or a function of `n_chans`,
        `n_times`, `sfreq` and `n_classes` that returns a module.
    trunk_options : dict, optional
        Further arguments of the network.
    normalize : {"window", "none"}
        Give each window and channel zero mean and unit variance, or take the values as they are.
    validation : float
        Share of the windows, or of the groups, by which the best epoch is chosen; above 0, below 1.
    epochs, batch_size, learning_rate, patience
        See `Training`.
    training_options : dict, optional
        Other settings of `Training`, such as ``{"class_weights": "none"}``.
    device : {"auto", "cpu", "cuda"}
    random_state : int, RandomState or None
        Of the split, the initial weights, the order of windows and all draws.
    verbose : bool
        Print a line after each epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    model_ : AugmentedModel
        The network of the best epoch, with its augmentation; on the CPU.
    learned_ : Learned
        What was learned about the input; ``learned_.sentences()`` says it in words.
    history_ : list of dict
        Losses and scores of each epoch, and the state of the augmentation.
    n_features_in_ : int
        Channels, or samples where the windows had no axis of channels.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.array(["slow", "fast"] * 20)
    >>> hz = np.where(y == "slow", 2, 9)[:, None, None]
    >>> X = np.sin(2 * np.pi * hz * np.arange(300) / 100 + rng.uniform(0, 6, (40, 2, 1)))
    >>> classifier = WindowClassifier(100.0, ["C3", "C4"], epochs=20, random_state=0)
    >>> classifier.fit(X, y).score(X, y)
    1.0
    """

    def __init__(
        self,
        sampling_rate: float = 100.0,
        channel_names: Sequence[str] | None = None,
        *,
        method: str = "augnet",
        method_options: Mapping[str, Any] | None = None,
        trunk: str | Callable[..., nn.Module] = "chambon2018",
        trunk_options: Mapping[str, Any] | None = None,
        normalize: Literal["window", "none"] = "window",
        validation: float = 0.2,
        epochs: int = Training.epochs,
        batch_size: int = Training.batch_size,
        learning_rate: float = Training.learning_rate,
        patience: int = Training.patience,
        training_options: Mapping[str, Any] | None = None,
        device: Literal["auto", "cpu", "cuda"] = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.sampling_rate = sampling_rate
        self.channel_names = channel_names
        self.method = method
        self.method_options = method_options
        self.trunk = trunk
        self.trunk_options = trunk_options
        self.normalize = normalize
        self.validation = validation
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.training_options = training_options
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, groups: Any = None) -> WindowClassifier:
        """Train on windows.

        Parameters
        ----------
        X : array of shape (n_windows, n_chans, n_times), or (n_windows, n_times) of one channel
        y : array of shape (n_windows,)
            Labels of any kind, two different ones or more.
        groups : array of shape (n_windows,), optional
            The person or recording of each window: nobody is then in training and validation both.

        Returns
        -------
        WindowClassifier
            Itself.

        Raises
        ------
        ValueError
            Windows, labels, groups or a parameter cannot be used.
        """
        method, training = checked_settings(self.get_params(deep=False))
        X, y = validate_data(self, X, y, allow_nd=True, dtype="numeric")
        if X.ndim > 3:
            raise ValueError(
                "X: expected shape (n_windows, n_chans, n_times), or (n_windows, n_times) of one "
                f"channel, got {X.shape}."
            )
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y: {len(y)} windows of one class ({self.classes_[0]}); two classes or more are "
                "needed."
            )
        self.window_shape_ = X.shape[1:]
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        train, valid = validation_split(codes, groups, self.validation, seed)
        device = pick_device(self.device)
        x, y_codes = self._scaled(X), torch.from_numpy(codes)
        group = np.arange(len(y)).astype(str) if groups is None else np.asarray(groups).astype(str)
        train_split, valid_split = (
            Split(x[part].to(device), y_codes[part].to(device), group[part])
            for part in (train, valid)
        )
        task = Task(
            train_split,
            valid_split,
            transforms=applicable(self.sampling_rate, self._names(x.shape[1]), "paper"),
            make_trunk=self._trunk_maker(*x.shape[1:]),
            classes=tuple(map(str, self.classes_)),
        )
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            self._train(task, method, training, seed)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, shape (n_windows, n_classes), as in `classes_`.

        They are not calibrated. Where the augmentation is part of the model (AugNet) they are means
        over four augmented copies, drawn alike at every call.
        """
        check_is_fitted(self)
        shape = np.asarray(X).shape[1:]
        if max(len(shape), len(self.window_shape_)) > 1 and shape != self.window_shape_:
            raise ValueError(
                f"X: windows of shape {shape}; this classifier was fitted to windows of shape "
                f"{self.window_shape_}."
            )
        X = validate_data(self, X, allow_nd=True, dtype="numeric", reset=False)
        device = pick_device(self.device)
        model = self.model_.to(device)
        p = log_probabilities(model, self._scaled(X).to(device)).double().softmax(-1)
        self.model_.cpu()
        return p.cpu().numpy()

    def predict(self, X: Any) -> np.ndarray:
        """Return the likeliest class of each window, shape (n_windows,)."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return self.classes_[likeliest]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy on windows and their classes, from 0 to 1."""
        return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _names(self, n_chans: int) -> list[str]:
        """Return the names of the channels; numbers where none were given."""
        if self.channel_names is None:
            return [str(k + 1) for k in range(n_chans)]
        if len(self.channel_names) != n_chans:
            raise ConfigError(
                f"channel_names: {len(self.channel_names)} for windows of {n_chans} channels."
            )
        return list(self.channel_names)

    def _trunk_maker(self, n_chans: int, n_times: int) -> Callable[[], nn.Module]:
        """Return a function that builds the network for these windows."""
        shape = {"n_chans": n_chans, "n_times": n_times, "sfreq": float(self.sampling_rate)}
        options = {**shape, "n_classes": len(self.classes_), **(self.trunk_options or {})}
        trunk = self.trunk
        return lambda: trunk(**options) if callable(trunk) else make_trunk(trunk, **options)

    def _scaled(self, X: np.ndarray) -> torch.Tensor:
        """Return windows (n_windows, n_chans, n_times) as the network sees them."""
        x = np.array(X if X.ndim == 3 else X[:, None], np.float32)
        return torch.from_numpy(normalize(x) if self.normalize == "window" else x)

    def _train(self, task: Task, method: Method, training: Training, seed: int) -> None:
        """Search, then train with what was found."""
        search = method.search(task, training, seed=seed)
        try:
            for process in (search.pretraining, search):
                while process is not None and not process.done:
                    process.step()
        except FloatingPointError as error:
            raise ConfigError(f"{error}. Lower the rate of method {self.method}.") from error
        fit = Fit(
            task, search.augmentation(), training, regularization=search.regularization, seed=seed
        )
        self.history_ = []
        while not fit.done:
            row = fit.step()
            self.history_.append(row)
            if self.verbose:
                score = row["valid_balanced_accuracy"]
                print(f"epoch {row['epoch']}: balanced accuracy {score:.3f} (validation)")
        if not fit.best_state:
            raise ConfigError(
                f"learning_rate: training diverged in its first epoch at {self.learning_rate:g}. "
                "Lower it, or scale the windows (normalize='window')."
            )
        self.model_ = fit.best_model().cpu()
        self.learned_ = Learned.of(self.model_.augment, method=self.method)
