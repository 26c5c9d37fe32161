"""Puts a campaign together: the folders, the servers, what happens to them at the same time, and the last look."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from qa.ui.access.accounts import set_password
from qa.ui.access.tokens import Tokens

from .articles import Held, History, Library, subjects
from .asking import Asker
from .changes import Folder
from .chats import Chat, Commands, Programs, left_running, tracebacks
from .checks import ANSWERED
from .disk import Disk
from .harm import Harm
from .report import Tally
from .strangers import Strangers, idle, slow

Act = Callable[[random.Random], None]
_SAMPLED = 5.0  # seconds between two samples of memory
_LOOK = 0.1  # seconds between two looks at the current generation
_FOLLOWED = 60.0  # seconds in which a chat should have indexed a change, on a busy machine
_TRIES = 10  # builds, of which another may be in the way
_WORD = "zyrquabble"  # stands in the file that is no article


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a campaign is: `seconds` is None for one act of each kind, `pause` is the longest between two acts."""

    seconds: float | None
    seed: int = 1
    articles: int = 30
    megabytes: int = 96
    pause: float = 4.0
    askers: int = 2
    chats: int = 2


class Campaign:
    """A folder of articles, its index and its chats on a small disk, and everything that happens to them."""

    def __init__(self, plan: Plan, place: Path) -> None:
        self.plan = plan
        self.tally = Tally()
        self._place = place
        self._disk = Disk(place / "disk", plan.megabytes)
        corpus, index, self._temporary = (self._disk.place / name for name in ("corpus", "index", "tmp"))
        for folder in (corpus, index, self._temporary):
            folder.mkdir()
        self._secret = self._disk.place / "secret.txt"
        self._secret.write_text(f"The word is {_WORD}", "utf-8")
        self.library = Library(corpus, subjects(plan.articles))
        self.history = History(index, self.library)
        programs = Programs(corpus, index, self._temporary)
        self._commands = Commands(programs, place / "commands.log", self.tally)
        self._tokens = _tokens(index)
        accounts = place / "accounts"
        set_password(accounts, "ada", "correct horse battery staple", is_new=True)
        options = ["--auth-file", str(accounts), "--rate-limit", "0"]
        names = (("killed", []), ("steady", ["--no-watch"]))[: plan.chats]
        self.chats = [
            Chat(name, programs, [*options, *more], place / f"{name}.log", self.tally) for name, more in names
        ]
        self._over = threading.Event()  # no further act begins
        self._ended = threading.Event()  # nor does a question
        self.errors: list[BaseException] = []

    def end(self) -> None:
        """Begin no further act; the last look follows."""
        self._over.set()

    def run(self) -> Tally:
        """Do everything, and look at what is left. An error of the campaign itself ends it and is in `errors`."""
        try:
            for subject in self.library.subjects:
                self.library.write(subject)
            self._at_once([chat.start for chat in self.chats])
            self._settle()
            self._at_once(self._work(), background=self._background())
            self._audit()
        finally:
            self._ended.set()
            for chat in self.chats:
                chat.stop()
            self._count_rest()
            self._disk.close()
        return self.tally

    # --- what happens at the same time --------------------------------------------------------------------------------

    def _work(self) -> list[Callable[[], None]]:
        """Lines of acts, each of which goes on beside the others until the time is over."""
        harm = Harm(self._disk, self.history, self._commands, self.chats[:1], self.tally, self.plan.pause)
        folder = Folder(self.library, self._secret, self.chats, self._tokens["add"], self.tally)
        strangers = Strangers(self._tokens, self.library.corpus, self._secret, self.tally)
        self._folder = folder
        clients: list[Act] = [
            lambda draw: strangers.knock(draw.choice(self.chats), draw),
            lambda draw: idle(draw.choice(self.chats), draw, self.tally, self.plan.pause * 2),
            lambda draw: slow(draw.choice(self.chats), draw, self.tally, self.plan.pause * 2),
            folder.upload,
        ]
        machine: list[Act] = [harm.kill_server, harm.kill_builder, harm.fill_disk, harm.truncate, harm.flip_bits]
        people: list[Act] = [folder.edit, folder.edit, folder.rename, folder.cut, folder.drop, folder.drop]
        lines = (machine, [*machine[1:], harm.rebuild], people, clients)
        if self.plan.seconds is None:
            lines = (machine[1:3], machine[3:], people, [*clients, harm.kill_server])
        return [partial(self._line, acts, self.plan.seed + n) for n, acts in enumerate(lines)]

    def _line(self, acts: Sequence[Act], seed: int) -> None:
        """Act until the time is over, in random order; or each act once."""
        draw = random.Random(seed)
        if self.plan.seconds is None:
            for act in acts:
                act(draw)
            return
        end = time.monotonic() + self.plan.seconds
        while time.monotonic() < end and not self._over.is_set():
            draw.choice(acts)(draw)
            self._over.wait(self.plan.pause * draw.random())

    def _background(self) -> Iterator[Callable[[], None]]:
        """The load, and what watches; they go on until all lines have ended."""
        secret = _WORD.encode()
        for number in range(self.plan.askers):
            chat = self.chats[number % len(self.chats)]
            asker = Asker(chat, self._tokens["ask"], self.library, self.history, self.tally, secret)
            yield partial(asker.run, self._ended, random.Random(-number))
        yield self._watch
        yield from (partial(self._sample, chat) for chat in self.chats)

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK):
            self.history.look()

    def _sample(self, chat: Chat) -> None:
        while not self._ended.wait(_SAMPLED):
            chat.look()

    def _at_once(self, work: Sequence[Callable[[], None]], background: Iterable[Callable[[], None]] = ()) -> None:
        """Run these at the same time until all of `work` has ended; the first error ends everything."""
        behind = [threading.Thread(target=self._guarded, args=(each,)) for each in background]
        threads = [threading.Thread(target=self._guarded, args=(each,)) for each in work]
        for thread in (*behind, *threads):
            thread.start()
        for thread in threads:
            thread.join()
        if behind:
            self._ended.set()
        for thread in behind:
            thread.join()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 (kept for who runs it)
            self.errors.append(error)
            self._over.set()

    # --- what is left -------------------------------------------------------------------------------------------------

    def _audit(self) -> None:
        """After a last edition and build everything must be there, whole, and answered by every chat."""
        for chat in self.chats:
            chat.look()
        for subject in self.library.subjects:
            self.library.write(subject)
        held = self._settle()
        # The first may find, and remove, an earlier state that was damaged before it was kept.
        if self._commands.run("verify") != 0 and self._commands.run("verify") != 0:
            self.tally.add("gone", "the last index is damaged")
        for subject in self.library.subjects:
            path, sha256 = self.library.now(subject)
            if held is None or held.files.get(path) != sha256:
                self.tally.add("gone", f"{path} is not in the last index")
        for page in self._folder.accepted:
            if not page.is_file() or held is None or page.name not in held.files:
                self.tally.add("gone", f"{page.name[:60]} was accepted")
        for chat in self.chats:
            asker = Asker(chat, self._tokens["ask"], self.library, self.history, self.tally, _WORD.encode())
            for subject in self.library.subjects:
                if asker.ask(subject) != ANSWERED:
                    self.tally.add("gone", f"{chat.name}: {subject.question} has no answer at the end")

    def _settle(self) -> Held | None:
        """Wait until the index has every article as it is now, and return what it holds."""
        now = dict(self.library.now(subject) for subject in self.library.subjects)
        for number in range(_TRIES):
            end = time.monotonic() + _FOLLOWED
            while time.monotonic() < end:
                held = self.history.held(self.history.look())
                if held is not None and held.files.items() >= now.items():
                    return held
                time.sleep(_LOOK)
            self.tally.add("changes that the chat did not follow" if not number else "builds tried again at the end")
            self._commands.run("build")
        return self.history.held(self.history.look())

    def _count_rest(self) -> None:
        self.tally.counts["generations"] = self.history.count
        logs = [*(chat.log for chat in self.chats), self._commands.log]
        self.tally.counts["tracebacks in logs"] = tracebacks(logs)
        self.tally.counts["processes left"] = len(left_running(self._temporary))
        index = self.history.folder("")
        with contextlib.suppress(FileNotFoundError):
            self.tally.counts["unfinished generations left"] = len(list(index.glob(".*")))
        self.tally.counts["files left in the temporary folder"] = sum(
            path.is_file() for path in self._temporary.rglob("*")
        )


def _tokens(index: Path) -> dict[str, str]:
    tokens = Tokens(index)
    made = {"ask": tokens.add("load"), "add": tokens.add("pages", ["add"]), "revoked": tokens.add("former")}
    tokens.revoke("former")
    return made
