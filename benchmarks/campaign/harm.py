"""What happens to the machine: kills, full disks, and files of the index that are truncated or whose bits flip."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from pathlib import Path

from .articles import History
from .chats import Chat, Commands
from .disk import Disk
from .report import Tally

# Builds that were done, and seconds in which others may be in the way or the disk be full, after which damage counts as
# one that cannot be mended.
_BUILDS, _PATIENCE = 3, 600.0


class Harm:
    """Does one kind of harm at a time, and what the program advises afterwards."""

    def __init__(
        self, disk: Disk, history: History, commands: Commands, chats: list[Chat], tally: Tally, pause: float
    ) -> None:
        """`chats` may be killed; `pause` seconds pass between damage and its repair."""
        self._disk = disk
        self._history = history
        self._commands = commands
        self._chats = chats
        self._tally = tally
        self._pause = pause

    def kill_server(self, draw: random.Random) -> None:
        """Kill a chat, and start it again."""
        chat = draw.choice(self._chats)
        chat.kill()
        self._tally.add("servers killed")
        chat.start()

    def kill_builder(self, draw: random.Random) -> None:
        """Kill a build at a random moment."""
        self._commands.run_and_kill(draw, "build", *draw.choice(((), ("--full",))))

    def rebuild(self, draw: random.Random) -> None:
        """Build in a process of its own, beside the one of the chat."""
        self._commands.run("build", *draw.choice(((), (), ("--full",))))

    def fill_disk(self, draw: random.Random) -> None:
        """Fill the disk for some seconds, while a build is tried."""
        pids = (pid for chat in self._chats if (pid := chat.pid))
        with self._disk.full(lambda: pids):
            self._tally.add("full disks")
            self._commands.run("build")
            time.sleep(self._pause * draw.random())

    def truncate(self, draw: random.Random) -> None:
        """Truncate a file of the current generation in place."""
        with self._damaged(draw) as path:
            if path is not None:
                with path.open("r+b") as file:
                    file.truncate(draw.randrange(path.stat().st_size))

    def flip_bits(self, draw: random.Random) -> None:
        """Flip some bits in a file of the current generation."""
        with self._damaged(draw) as path:
            if path is not None:
                with path.open("r+b") as file:
                    for _ in range(draw.choice((1, 1, 2, 8, 64))):
                        place = draw.randrange(path.stat().st_size)
                        file.seek(place)
                        (byte,) = file.read(1)
                        file.seek(place)
                        file.write(bytes([byte ^ 1 << draw.randrange(8)]))

    @contextlib.contextmanager
    def _damaged(self, draw: random.Random) -> Iterator[Path | None]:
        """Yield a file of the current generation to damage; then wait, verify, and repair."""
        generation = self._history.look()
        folder = self._history.folder(generation)
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
        files = [path for path in files if path.suffix != ".checked"]  # which says what was found, and can be deleted
        if not files or self._history.held(generation) is None:
            yield None
            return
        path = draw.choice(files)
        self._history.damaged.add(generation)
        before = path.read_bytes()
        with contextlib.suppress(FileNotFoundError):  # a newer generation may have replaced it at this moment
            yield path
        self._tally.add("damaged files")
        time.sleep(self._pause * draw.random())
        self._repair(generation, path, before)

    def _repair(self, generation: str, path: Path, before: bytes) -> None:
        """Verify, build, and build everything if that did not replace the damaged generation."""
        is_whole = self._commands.run("verify") == 0
        with contextlib.suppress(FileNotFoundError):
            if is_whole and self._history.current() == generation and path.read_bytes() != before:
                self._tally.add("unnoticed", f"{path.relative_to(path.parents[2])}")
        done, until = 0, time.monotonic() + _PATIENCE
        while done < _BUILDS and time.monotonic() < until:
            done += self._commands.run("build", *(("--full",) if done else ())) == 0
            if self._history.current() != generation:
                self._tally.add("damage mended by `qa build --full`" if done > 1 else "damage mended by `qa build`")
                return
            time.sleep(1)
        self._tally.add("gone", f"{path.name} of generation {generation} stays damaged after `qa build --full`")
