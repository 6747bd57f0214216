"""Recordings in, windows out: datasets, files, signals, cache, folds."""
