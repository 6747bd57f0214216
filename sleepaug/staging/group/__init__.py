"""Many nights together: one table, means by group, and one page."""
