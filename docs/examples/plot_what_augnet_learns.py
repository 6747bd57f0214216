"""
Train AugNet and read what it learned
=====================================

Waves of 2, 4, 6 and 8 Hz, up to half a hertz off, are to be told apart in noise. Their frequency
may be shifted by up to 0.5 Hz without changing the class; AugNet is not told so, and offered more.
"""

# %%
# A **task** is data, candidate transforms and a network; a **method** says where the augmentation
# comes from. AugNet's is one layer here, which chooses among three transforms.
from sleepaug.training.fit import Fit, Training
from sleepaug.training.methods.given import AugNet
from sleepaug.training.scoring import scores_by_group
from sleepaug.training.tasks.sinusoids import Sinusoids

loaded = Sinusoids(kernel=100).load(seed=0)
method = AugNet(layers=[["frequency_shift", "ft_surrogate", "gaussian_noise"]], selection="robust")
search = method.search(loaded.task)
for name in method.layers[0]:
    transform = loaded.task.transforms[name]
    print(f"{name}: up to {transform.amount_at_1:g} {transform.unit}")

# %%
# A **fit** trains the network behind the layer, an epoch at a time.
training = Training(
    epochs=40, batch_size=32, learning_rate=1e-2, betas=(0.9, 0.999), weight_decay=1e-4, keep="last"
)
fit = Fit(loaded.task, search.augmentation(), training, seed=0)
rows = []
while not fit.done:
    rows.append(fit.step())
print(f"{fit.status}, validation accuracy {rows[-1]['valid_balanced_accuracy']:.3f}")

# %%
# What was learned, over the epochs, in a table, and in words.
from sleepaug.augment.learned import Learned, table
from sleepaug.experiments.run_figures import draw_layers

picture = draw_layers(rows)

# %%
model = fit.best_model()
learned = Learned.of(model.augment)
print(table(learned.layers))
print(*learned.sentences(), sep="\n")

# %%
# Waves that the layer never saw:
scores = scores_by_group(model, loaded.test, loaded.task.classes)
print(f"test accuracy {scores['accuracy']:.3f}")

# %%
# The same from the command line, for twenty seeds:
#
# .. code-block:: console
#
#    $ sleepaug train configs/sinusoids_robust.yaml -o runs/sinusoids_robust
