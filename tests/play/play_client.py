"""A page without a browser: it sends messages to a session and collects the answers."""

from __future__ import annotations

import json
import queue
import time

from ellayer.play.closed_pages import discard
from ellayer.play.opening import Opening
from ellayer.play.session import Session

SECONDS = 60.0  # to wait for an answer


class Page:
    """The client of a session in this process.

    Attributes
    ----------
    messages : list of dict
        All messages so far; ``frames`` have their binary messages under "planes".
    """

    def __init__(self, opening: Opening | None = None, acknowledge: bool = True) -> None:
        self.messages: list[dict] = []
        self._incoming: queue.Queue = queue.Queue()
        self._acknowledge = acknowledge
        self.session = Session(opening or Opening(), self._incoming.put)

    def __enter__(self) -> Page:
        self.session.start()
        self.ready = self.wait("ready")
        self.first = self.wait("frame")
        return self

    def __exit__(self, *error: object) -> None:
        self.session.close(wait=30)
        discard(self.session.parts)

    def send(self, type: str, /, **values: object) -> None:
        assert self.session.put(json.dumps({"type": type, **values}))

    def receive(self, seconds: float = SECONDS) -> dict:
        """Return the next message, a frame with its planes."""
        message = json.loads(self._incoming.get(timeout=seconds))
        if message["type"] == "frame":
            message["planes"] = [self._incoming.get(timeout=seconds) for _ in range(message["binary"])]
            if self._acknowledge:
                self.send("ack", frame=message["frame"])
        self.messages.append(message)
        return message

    def wait(self, *kinds: str, seconds: float = SECONDS) -> dict:
        """Return the next message of a kind; a message about a bug fails the test."""
        end = time.monotonic() + seconds
        while True:
            message = self.receive(max(0.01, end - time.monotonic()))
            assert not message.get("fault"), message
            if message["type"] in kinds:
                return message
            assert message["type"] not in ("problem", "error"), message

    def ask(self, type: str, answer: str, /, **values: object) -> dict:
        self.send(type, **values)
        return self.wait(answer)

    def set_state(self, **parts: object) -> dict:
        """Set a state and return its first frame."""
        self.send("set_state", state=parts)
        self.wait("state")
        return self.wait("frame")

    def train(self, iterations: int) -> dict:
        """Train up to a number of iterations, and return the last frame."""
        self.send("speed", iterations_per_update=min(100, iterations))
        self.send("play")
        while (frame := self.wait("frame"))["iteration"] < iterations and not frame["finished"]:
            continue
        return self.ask("pause", "frame")
