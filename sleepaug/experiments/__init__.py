"""One run or many, from settings to results and their report."""
