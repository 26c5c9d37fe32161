"""Start the chat: `python app.py` is `qa serve`; see `python app.py --help`."""

import sys

from qa.cli import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
