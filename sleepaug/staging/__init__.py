"""A trained model at work: recordings in, hypnograms out."""
