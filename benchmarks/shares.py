"""The option that says how much of the variation each network of a trial gets."""

import argparse


def add_share(parser: argparse.ArgumentParser) -> None:
    """Add `--share LOW HIGH`, one network for each time it is given."""
    parser.add_argument(
        "--share",
        type=float,
        nargs=2,
        action="append",
        metavar=("LOW", "HIGH"),
        help="of the variation: one network with these limits; repeat for several",
    )
