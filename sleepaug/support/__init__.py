"""What every room may use: errors, settings, files, processes, text."""
