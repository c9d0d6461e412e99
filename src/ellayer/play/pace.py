"""The number of updates between two frames, from the time that the last ones took."""

from __future__ import annotations

import time

FRAME_SECONDS = 1 / 32  # 30 a second, and a little for the way
FASTEST_START = 64  # updates of the first frame after compiling
MOST_UPDATES = 100_000  # of a frame


class Pace:
    """The pace of a run.

    Attributes
    ----------
    per_frame : int or None
        Updates of each frame; None for as many as 30 frames a second allow.
    speed : float
        Updates a second, of late.
    """

    def __init__(self) -> None:
        self.per_frame: int | None = None
        self.speed: float = 0.0
        self._updates, self._share = 1, 1.0
        self._frame_seconds, self._next = 0.0, 0.0

    def restart(self) -> None:
        """Begin with a run whose speed is not known."""
        self.speed, self._updates = 0.0, 1

    def hurry(self) -> None:
        """Let the next frame begin at once."""
        self._next = 0.0

    @property
    def pause_seconds(self) -> float:
        """Seconds until the updates of the next frame begin."""
        return max(0.0, self._next - time.perf_counter())

    @property
    def updates(self) -> int:
        """Updates of the next frame."""
        return self.per_frame or self._updates

    def learn_speed(self, done: int, seconds: float, was_compiled: bool) -> None:
        """Choose the number of updates that fit between two frames, at most twice the last one."""
        if not was_compiled:
            self._updates = FASTEST_START if seconds < 5 else 1
            return
        time_left = max(FRAME_SECONDS / 3, FRAME_SECONDS - self._frame_seconds - 0.004)
        fitting = int(self._share * done / max(seconds, 1e-9) * time_left)
        self._updates = max(1, min(fitting, 2 * self._updates, MOST_UPDATES))

    def end_frame(self, begin: float, done: int, seconds: float) -> None:
        """Note that a frame was sent.

        Parameters
        ----------
        begin : float
            Time at which its updates began.
        done : int
            Its updates.
        seconds : float
            The time that they took.
        """
        elapsed = time.perf_counter() - begin
        speed = done / max(elapsed, FRAME_SECONDS)
        self.speed = 0.8 * self.speed + 0.2 * speed if self.speed else speed
        self._frame_seconds = elapsed - seconds
        late = elapsed > FRAME_SECONDS  # other threads took their part of the time
        self._share = min(1.0, max(0.3, self._share * (0.95 if late else 1.01)))
        self._next = begin + FRAME_SECONDS
