"""The stages of a night: statistics, files, picture and report."""
