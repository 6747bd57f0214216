"""
Stage a night and look at it
============================

A night is simulated, staged by the model that ships, and compared with its scoring. With a
recording of your own, begin at the second step.
"""

# %%
# A night of an hour and a half. It is an ordinary ``mne.io.Raw``, with a scoring as annotations.
import sleepaug

raw = sleepaug.simulate_night(seed=11, hours=1.5, ch_names=["C3", "C4", "F3", "O1"])
print(raw)

# %%
# The model that ships takes any of six channels; the two that are missing here count as missing.
# A path to an EDF file may stand in place of ``raw``.
stager = sleepaug.load_model()
night = stager.predict(raw)
print(night.summary())
for note in night.notes:
    print(note)

# %%
# Stages, their probabilities, and the spectrum.
picture = night.plot()

# %%
# One row for each epoch of 30 s: what the model believes, and how firmly.
night.table().head()

# %%
# What a sleep laboratory reports, in minutes and percent.
print({name: value for name, value in night.statistics().items() if value is not None})

# %%
# The simulated night came with its scoring, as annotations. Simulated nights are easier than real
# ones, and the model was trained on such nights.
scored = raw.annotations.description
print(f"{(night.stages == scored).mean():.0%} of the epochs are staged as scored")
