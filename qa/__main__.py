"""`python -m qa` is the same as `qa`."""

from .cli import run

if __name__ == "__main__":
    run()
