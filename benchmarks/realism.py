"""How real are the simulated nights? The judges.

    pip install yasa        # needed by the first and second judge only
    python benchmarks/realism.py yasa --nights 8

`yasa`           a stager trained on over 3,000 real nights scores simulated ones;
`statistics`     band powers, spindles, slow waves and alpha beside real and published ones;
`transfer`       a stager trained on simulated nights only scores real EEG;
`discriminator`  a classifier tries to tell simulated windows from real ones;
`percentiles`    relative band powers by stage beside those of Sleep-EDF;
`spread`         how they spread between nights and within them;
`bands`          a tree trained on the bands of simulated nights stages those of Sleep-EDF;
`network`        the default model's network does so;
`cycles`         latencies and sleep cycles beside real scorings;
`speed`          processor time of a night.

The real EEG is the DREAMS Sleep Spindles Database (excerpts 1-3 unless `--excerpts` says more). Of
Sleep-EDF, people whose number is divisible by 5 are left out unless `--people held-out` asks for
them; Bitbrain's scorings are read only if `--boas` names their folder.
"""

import argparse
import logging
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from realism_bands import PEOPLE, judge_bands, judge_percentiles, judge_spread
from realism_cycles import judge_cycles
from realism_discriminator import judge_discriminator
from realism_events import judge_statistics
from realism_network import judge_network
from realism_stagers import judge_transfer, judge_yasa
from trial_options import add_trial_options

from sleepaug.simulation.channels import MASS_CHANNELS
from sleepaug.simulation.night import render
from sleepaug.simulation.night_plan import plan_night

DATA = Path("../shared/data")


def judge_speed(args: argparse.Namespace) -> None:
    """Processor time of a night of 8 hours, 26 channels, 256 Hz."""
    start = time.process_time()
    for _ in render(plan_night(args.seed), MASS_CHANNELS, 256.0):
        pass
    seconds = time.process_time() - start
    print("## Speed\n")
    print(f"8 h, 26 channels, 256 Hz: {seconds:.1f} s of one core, ", end="")
    print(f"{8 * 3600 / seconds:.0f} times faster than real time\n")


def main() -> None:
    """Run one judge."""
    judges: dict[str, Callable[[argparse.Namespace], None]] = {
        "yasa": judge_yasa,
        "statistics": judge_statistics,
        "transfer": judge_transfer,
        "discriminator": judge_discriminator,
        "percentiles": judge_percentiles,
        "spread": judge_spread,
        "bands": judge_bands,
        "network": judge_network,
        "cycles": judge_cycles,
        "speed": judge_speed,
    }
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("judge", choices=judges)
    parser.add_argument("--dreams", type=Path, default=DATA / "dreams")
    parser.add_argument("--features", type=Path, default=DATA / "sleep-edf-features")
    parser.add_argument("--dod", type=Path, default=DATA / "dod-hypnograms")
    parser.add_argument("--boas", type=Path, help="folder of Bitbrain's scorings, for `cycles`")
    parser.add_argument("--people", choices=PEOPLE, default="development", help="of Sleep-EDF")
    parser.add_argument("--people-drawn", type=int, default=1000, help="simulated, for `cycles`")
    parser.add_argument("--excerpts", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--nights", type=int, default=20, help="simulated")
    parser.add_argument(
        "--model", nargs="+", default=[], help="to be scored by transfer; several as a,b"
    )
    parser.add_argument(
        "--matched", action="store_true", help="give bands the real levels of each stage"
    )
    parser.add_argument(
        "--centred", action="store_true", help="let bands measure powers from the night's medians"
    )
    add_trial_options(parser)
    parser.add_argument("--seed", type=int, default=1000, help="seed of the first night")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    judges[args.judge](args)


if __name__ == "__main__":
    main()
