"""Training of recording models: on the features of windows, whole recordings at a time."""
