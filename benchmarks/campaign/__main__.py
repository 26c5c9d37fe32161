"""Runs everything that can happen to a served chat at the same time: `python -m benchmarks.campaign --minutes 60`.

It starts two chats on one index, on a small disk of its own (a tmpfs where one may be mounted). For so many minutes it
asks them, edits, renames and truncates articles, adds hostile files, kills one of the chats and builds, fills the disk,
damages files of the index, lets strangers try to get in, and holds idle and slow connections. Every answer is checked
against what its generation holds. Then it builds, verifies, asks for every article, and prints what it counted. The
exit code is 1 if anything was counted that must be 0. Ctrl-C begins this last look at once. It uses loopback addresses
only, and needs Linux.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common import machine

from .report import lines
from .run import Campaign, Plan


def main() -> int:
    """Run a campaign and print its report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.campaign", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="an empty folder for the logs, which are deleted otherwise")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = arguments.keep or Path(temporary)
        campaign = Campaign(Plan(arguments.minutes * 60, arguments.seed), place)
        signal.signal(signal.SIGINT, lambda *_: campaign.end())
        tally = campaign.run()
    minutes = (time.monotonic() - tally.begun) / 60
    print(f"{minutes:.0f} minutes, seed {arguments.seed}, {machine()}\n")
    for line in lines(tally):
        print(line)
    if campaign.errors:
        raise campaign.errors[0]  # what was counted until then has been printed
    return int(any(tally.faults.values()))


if __name__ == "__main__":
    sys.exit(main())
