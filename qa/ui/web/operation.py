"""How a chat is run for others: how much each may ask, who reads its metrics, and how its log is written."""

from __future__ import annotations

from dataclasses import dataclass

FOR_OTHERS = 120.0  # requests a minute; a person who asks as quickly as possible needs a third of it


@dataclass(frozen=True, slots=True)
class Operation:
    """Limits and records of one chat.

    `rate_limit` is how many requests a minute each user, token or address may send: 0 any number, None FOR_OTHERS if
    others can reach the chat. `metrics` is "off", "on" or, for everyone, "open". `log` is "text" or "json", and JSON
    has the questions only `with_questions`.
    """

    rate_limit: float | None = None
    metrics: str = "off"
    log: str = "text"
    with_questions: bool = False

    @property
    def is_observed(self) -> bool:
        """Whether anybody listens to what is told of requests."""
        return self.metrics != "off" or self.log == "json"

    def limit_for(self, is_local: bool) -> float:
        """Return how many requests a minute each may send, to a chat that others can reach unless it `is_local`."""
        if self.rate_limit is None:
            return 0.0 if is_local else FOR_OTHERS
        return self.rate_limit


AS_USUAL = Operation()
