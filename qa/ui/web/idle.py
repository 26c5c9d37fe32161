"""Lets Gradio's queue rest until something is asked, instead of looking a thousand times a second."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import gradio.queueing

_PROGRESS_EVERY = 0.5  # seconds between looks for progress that Gradio's own bars show, of which the page has none


def rest(queue: gradio.queueing.Queue) -> None:
    """Make a queue, before it starts, wait for the next event while it holds none; none begins later for it."""
    queue.progress_update_sleep_when_free = _PROGRESS_EVERY
    asked = asyncio.Event()
    process, push, close = queue.start_processing, queue.push, queue.close

    async def start_processing() -> None:
        task = asyncio.current_task()
        assert task is not None
        _RESTING[task] = queue, asked
        await process()

    async def pushed(*values: Any, **named: Any) -> Any:
        try:
            return await push(*values, **named)
        finally:
            asked.set()

    def closed() -> None:
        close()
        asked.set()

    queue.start_processing, queue.push, queue.close = start_processing, pushed, closed
    gradio.queueing.asyncio = _Asyncio("asyncio")


_RESTING: WeakKeyDictionary[asyncio.Task[Any], tuple[gradio.queueing.Queue, asyncio.Event]] = WeakKeyDictionary()


async def _sleep(delay: float, result: Any = None) -> Any:
    """Sleep; the task that processes a queue sleeps as long as that is empty."""
    task = asyncio.current_task()
    queue, asked = _RESTING.get(task, (None, None)) if task else (None, None)
    if queue is None or asked is None or len(queue) or queue.stopped:
        return await asyncio.sleep(delay, result)
    asked.clear()
    await asked.wait()
    return result


class _Asyncio(ModuleType):
    """What Gradio's queue sees as asyncio."""

    sleep = staticmethod(_sleep)

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)
