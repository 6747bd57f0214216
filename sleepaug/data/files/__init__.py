"""Files as they are: signals and scorings, read and checked."""
