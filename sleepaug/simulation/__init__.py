"""Simulated scored polysomnograms: nobody slept.

In reading order: `hypnogram` (stages), `people`, `course` (within the windows), `head`,
`background`, `waves`, `body`, `recorder`, `night_plan` (all but the signals), `night` (all of it
together), `edf`, `plan` and `dataset` (files).
"""
