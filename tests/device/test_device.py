"""Training, searches and prediction on a device that only pretends to be a GPU."""

import subprocess
import sys
from pathlib import Path


def test_everything_runs_on_the_pretended_device_within_its_kernels():
    """In a process of its own: the device changes torch before the first backward pass."""
    root = Path(__file__).parents[2]
    checks = str(Path(__file__).with_name("on_pretended_device.py"))
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", checks]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:]
