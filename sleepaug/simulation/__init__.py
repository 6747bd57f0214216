"""Simulated scored polysomnograms: nobody slept, but sleep stagers find their way.

In reading order: `hypnogram` (stages), `people`, `course` (within the windows), `head`,
`background`, `waves`, `body`, `recorder`, `night` (all of it together), `edf`, `dataset`
(files).
"""
