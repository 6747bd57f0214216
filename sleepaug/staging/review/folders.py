"""Where a review writes the two scorings of each night."""

AUTOMATIC, CORRECTED = "automatic", "corrected"
"""Folders of the model's and of the corrected stages."""
