"""`/metrics`: what Prometheus reads of a chat: requests, answers, builds, log-ins, the index. No words of anybody."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ...engine import Engine
from ...errors import ConfigError, QAError
from ...system.events import EVENTS, facts_of
from ...system.version import __version__
from ..access.callers import Callers
from ..access.tokens import METRICS
from ..web.refusals import Refused, refusal

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

PATH = "/metrics"
_Counts = tuple[int, int, int, int]
_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def check_metrics(wanted: str) -> None:
    """Raise ConfigError if metrics are wanted and the client of Prometheus is not installed."""
    if wanted != "off" and find_spec("prometheus_client") is None:
        raise ConfigError("Metrics need the extra `metrics`: run pip install 'qa-articles[metrics]'.")


class Metrics:
    """An ASGI application that counts events from now on; without `callers`, everyone may read it.

    `connections` gives the number of open connections, of those that were refused, ended while idle, and too slow.
    """

    def __init__(self, engine: Engine, callers: Callers | None, connections: Callable[[], _Counts]) -> None:
        from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

        self._callers = callers
        self._registry = CollectorRegistry()
        for collector in (GCCollector, PlatformCollector, ProcessCollector):
            collector(registry=self._registry)
        self._registry.register(_Now(engine, connections))
        self._counting = _Counting(self._registry)
        EVENTS.addHandler(self._counting)

    def close(self) -> None:
        """Count no longer."""
        EVENTS.removeHandler(self._counting)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        try:
            if scope["method"] not in ("GET", "HEAD"):
                raise Refused(405, f"{scope['method']} is not supported here: use GET.", {"allow": "GET, HEAD"})
            if self._callers is not None:
                await self._callers.admit(scope, METRICS)
        except Refused as refused:
            await refusal(scope, refused)(scope, receive, send)
            return
        text = await run_in_threadpool(generate_latest, self._registry)
        await Response(text, headers={"content-type": CONTENT_TYPE_LATEST})(scope, receive, send)


class _Counting(logging.Handler):
    """Counts events."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        from prometheus_client import Counter, Histogram, Info

        def counter(name: str, help_: str, *labels: str) -> Counter:
            return Counter(name, help_, labels, registry=registry)

        def histogram(name: str, help_: str, *labels: str) -> Histogram:
            return Histogram(name, help_, labels, registry=registry, buckets=_SECONDS)

        Info("qa", "The program.", registry=registry).info({"version": __version__})
        self._requests = counter("qa_http_requests", "Requests by what they were for.", "method", "route", "status")
        self._request = histogram("qa_http_request_seconds", "Seconds until an answer begins.", "route")
        self._answers = counter("qa_answers", "Questions by who asked and how they ended.", "by", "outcome")
        self._answer = histogram("qa_answer_seconds", "Seconds that an answer takes.")
        self._builds = counter("qa_builds", "Builds by how they ended.", "outcome")
        self._build = histogram("qa_build_seconds", "Seconds that a build takes.")
        self._logins = counter("qa_logins", "Checked passwords by outcome.", "outcome")
        self._limited = counter("qa_requests_limited", "Requests beyond the rate limit.")

    def emit(self, record: logging.LogRecord) -> None:
        facts = facts_of(record) or {}
        counts: dict[str, Callable[[dict[str, Any]], None]] = {
            "request": self._of_request,
            "answer": self._of_answer,
            "build": self._of_build,
            "log-in": lambda facts: self._logins.labels(facts["outcome"]).inc(),
            "limited": lambda facts: self._limited.inc(),
        }
        count = counts.get(record.getMessage())
        if count is not None:
            count(facts)

    def _of_request(self, facts: dict[str, Any]) -> None:
        self._requests.labels(facts["method"], facts["route"], facts["status"]).inc()
        self._request.labels(facts["route"]).observe(facts["ms"] / 1_000)

    def _of_answer(self, facts: dict[str, Any]) -> None:
        self._answers.labels(facts["by"], facts["outcome"]).inc()
        if facts["ms"] is not None:
            self._answer.observe(facts["ms"] / 1_000)

    def _of_build(self, facts: dict[str, Any]) -> None:
        self._builds.labels(facts["outcome"]).inc()
        if facts["seconds"] is not None:
            self._build.observe(facts["seconds"])


class _Now:
    """Tells the state of index and connections when it is asked."""

    def __init__(self, engine: Engine, connections: Callable[[], _Counts]) -> None:
        self._engine = engine
        self._connections = connections

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        manifest = None
        with contextlib.suppress(QAError):  # no index: `/readyz` says why
            manifest = self._engine.generation.manifest
        gauges = {
            "qa_index_open": ("Whether an index is open.", int(manifest is not None)),
            "qa_index_documents": ("Articles in the index.", manifest.documents if manifest else 0),
            "qa_index_passages": ("Passages in the index.", manifest.passages if manifest else 0),
        }
        now, *ended = self._connections()
        gauges["qa_connections"] = ("Open connections.", now)
        for name, (help_, value) in gauges.items():
            yield GaugeMetricFamily(name, help_, value)
        counter = CounterMetricFamily("qa_connections_ended", "Ended connections by reason.", labels=["reason"])
        for reason, count in zip(("refused", "idle", "slow"), ended, strict=True):
            counter.add_metric([reason], count)
        yield counter
