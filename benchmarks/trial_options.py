"""Options of trials with the default model's networks: what they learn, and how they lean."""

import argparse
from dataclasses import replace

from sleepaug.data.stages import STAGES
from sleepaug.training.recordings.fit import RecordingTraining


def add_trial_options(parser: argparse.ArgumentParser) -> None:
    """Add `--share LOW HIGH`, one network for each time it is given, `--opinion`, `--offsets` and
    `--temperature`."""
    parser.add_argument(
        "--share",
        type=float,
        nargs=2,
        action="append",
        metavar=("LOW", "HIGH"),
        help="of the variation: one network with these limits; repeat for several",
    )
    parser.add_argument(
        "--opinion",
        type=float,
        default=RecordingTraining.opinion_weight,
        help="weight of what YASA says of a simulated night; 0 does without it",
    )
    parser.add_argument(
        "--offsets",
        type=float,
        nargs=len(STAGES),
        metavar=STAGES,
        help="what is added to the logit of each stage after training",
    )
    parser.add_argument("--temperature", type=float, help="of the averaged probabilities")


def with_trial(training: RecordingTraining, args: argparse.Namespace) -> RecordingTraining:
    """Return the settings of a training with what the options say."""
    training = replace(training, opinion_weight=args.opinion)
    if args.share:
        training = replace(training, shares=tuple(map(tuple, args.share)))
    if args.offsets:
        training = replace(training, stage_offsets=tuple(args.offsets))
    if args.temperature:
        training = replace(training, temperature=args.temperature)
    return training
