"""The stages of a night: its statistics, files, picture and page."""
