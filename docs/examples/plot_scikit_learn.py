"""
Train and validate in scikit-learn
==================================

``WindowClassifier`` learns a network and its augmentation from an array of windows. It is an
estimator of scikit-learn, so cross-validation, searches and metrics work with it. Here it tells
three stages of twelve people apart.
"""

# %%
# Data: windows of 30 s, their labels, and whose they are. The scoring of a simulated night is in
# its annotations, one for each window; a recording of yours gives windows as MNE's ``Epochs`` do,
# by ``get_data()``.
import numpy as np

from sleepaug import WindowClassifier, simulate_night

sfreq, channels = 64, ["C3", "O1"]
windows, stages, people = [], [], []
for person in range(12):
    raw = simulate_night(person, hours=0.5, ch_names=channels, sfreq=sfreq)
    raw.filter(None, 25, verbose="error")
    signals = raw.get_data(units="uV").reshape(2, -1, 30 * sfreq)
    windows.append(signals.swapaxes(0, 1))
    stages.append(raw.annotations.description.astype("U2"))
    people.append(np.full(signals.shape[1], person))
X, y, person = (np.concatenate(parts) for parts in (windows, stages, people))
some = np.isin(y, ["W", "N2", "N3"])
X, y, person = X[some], y[some], person[some]
print(X.shape, *(f"{stage}: {(y == stage).sum()}" for stage in ("W", "N2", "N3")))

# %%
# Each person is staged by a network that was trained on others. ``groups`` keeps people apart in
# both splits: into training and test and, handed on to ``fit``, within the training. A few
# half-hours are little to learn from: the numbers show how it is done, not how well.
from sklearn.metrics import classification_report
from sklearn.model_selection import GroupKFold, cross_val_predict

classifier = WindowClassifier(
    sfreq, channels, trunk="spectral", epochs=10, learning_rate=0.003, random_state=0
)
predicted = cross_val_predict(
    classifier, X, y, groups=person, params={"groups": person}, cv=GroupKFold(3)
)
print(classification_report(y, predicted))

# %%
# Trained on all of them, the estimator keeps what each epoch gave, and says what it learned about
# the signals.
import pandas as pd

classifier.fit(X, y, groups=person)
history = pd.DataFrame(classifier.history_)
print(history[["epoch", "train_loss", "valid_balanced_accuracy"]].round(2).to_string(index=False))
print(*classifier.learned_.sentences(), sep="\n")
