"""Scorings of recordings, in whatever form they come, and which recording each belongs to."""
