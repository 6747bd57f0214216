"""
Stage a night and look at it
============================

Simulate a night, stage it with the model that ships, and compare the stages with the scoring. If
you have a recording, begin at the second step.
"""

# %%
# A night of an hour and a half. It is an ordinary ``mne.io.Raw``, with a scoring as annotations.
import sleepaug

raw = sleepaug.simulate_night(seed=11, hours=1.5, ch_names=["C3", "C4", "F3", "O1"])
print(raw)

# %%
# The model that ships takes any EEG channels whose names it knows; notes say which were used.
# Instead of ``raw``, you may give the path of an EDF file.
stager = sleepaug.load_model()
night = stager.predict(raw)
print(night.summary())
for note in night.notes:
    print(note)

# %%
# Stages, their probabilities, and the spectrum.
picture = night.plot()

# %%
# One row for each epoch of 30 s: the stage, and how certain the model is.
night.table().head()

# %%
# The statistics that a sleep laboratory reports, in minutes and percent.
print({name: value for name, value in night.statistics().items() if value is not None})

# %%
# The simulated night has its scoring as annotations. Simulated nights are easier than recorded
# ones, and the model was trained on simulated nights.
scored = raw.annotations.description
print(f"{(night.stages == scored).mean():.0%} of the epochs are staged as scored")
