"""`python -m sleepaug` is `sleepaug`."""

from sleepaug.cli import main

main()
