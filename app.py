"""Start the chat: `python app.py` is `qa serve`; see `python app.py --help`."""

import sys

from qa.cli import run

if __name__ == "__main__":
    run(["serve", *sys.argv[1:]])
