"""Measures what a chat costs that nobody uses, beside an empty Gradio app and an empty uvicorn server.

`python -m benchmarks.idle [--seconds 60]` starts the three at once, lets them settle, and prints a table: the share of
one processor, and how often their threads wake up in a second. It reads /proc, so it needs Linux.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_SETTLING = 180  # seconds, in which the chats load their models, even on a busy machine
_GRADIO = """
import gradio as gr
with gr.Blocks() as page:
    gr.Textbox()
page.queue().launch(server_port={port}, quiet=True)
"""
_UVICORN = """
import uvicorn
async def app(scope, receive, send): pass
uvicorn.run(app, port={port}, log_level="critical")
"""


@dataclass(frozen=True)
class Usage:
    """Processor seconds and wake-ups of a process and its threads until now."""

    seconds: float
    wakes: int


def usage(process: int) -> Usage:
    """Read the usage of a process from /proc."""
    seconds, wakes = 0.0, 0
    for thread in Path(f"/proc/{process}/task").iterdir():
        fields = (thread / "stat").read_text("utf-8").rpartition(")")[2].split()
        seconds += (int(fields[11]) + int(fields[12])) / _TICKS
        for line in (thread / "status").read_text("utf-8").splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                wakes += int(line.split()[1])
    return Usage(seconds, wakes)


def measured(commands: dict[str, list[str]], seconds: float) -> dict[str, tuple[float, float]]:
    """Run commands at the same time; return their shares of a processor and wake-ups a second, by name."""
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"}
    started = {
        name: subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        for name, command in commands.items()
    }
    try:
        time.sleep(_SETTLING)
        if ended := [name for name, each in started.items() if each.poll() is not None]:
            raise SystemExit(f"{', '.join(ended)}: ended early; see the messages above.")
        begun, before = time.monotonic(), {name: usage(each.pid) for name, each in started.items()}
        time.sleep(seconds)
        after, took = {name: usage(each.pid) for name, each in started.items()}, time.monotonic() - begun
    finally:
        for each in started.values():
            each.terminate()
        for each in started.values():
            each.wait()
    return {
        name: (
            (after[name].seconds - before[name].seconds) / took,
            (after[name].wakes - before[name].wakes) / took,
        )
        for name in started
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        index = ["--index", folder, "--no-watch"]
        subprocess.run([sys.executable, "-m", "qa", "build", "--index", folder], check=True, stdout=subprocess.DEVNULL)
        commands = {
            "the chat, following its folder": [sys.executable, "-m", "qa", "serve", "--port", "0", "--index", folder],
            "the chat, not following it": [sys.executable, "-m", "qa", "serve", "--port", "0", *index],
            "an empty Gradio app": [sys.executable, "-c", _GRADIO.format(port=47861)],
            "an empty uvicorn server": [sys.executable, "-c", _UVICORN.format(port=47862)],
        }
        print("| without a visitor | of one processor | wake-ups a second |\n|---|---|---|")
        for name, (share, wakes) in measured(commands, seconds).items():
            print(f"| {name} | {share:.2%} | {wakes:,.0f} |")


if __name__ == "__main__":
    main()
