"""Show training while it runs: one live line on a terminal, a few plain lines anywhere else."""

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TextIO, TypeVar

from tinygrad_edu.words import print, say

LIVE_INTERVAL = 0.1  # seconds between two states of the live line
PLAIN_LINES = 10
T = TypeVar("T")


class Progress:
    """Show how far training is, of at most `epochs`, on a stream or else standard output; nothing unless `shown`."""

    def __init__(self, epochs: int, shown: bool = True, stream: TextIO | None = None) -> None:
        self.epochs, self.shown = epochs, shown
        self.stream = stream or sys.stdout
        self.live = shown and self.stream.isatty()
        self.started = self.refreshed = time.monotonic()
        self.epochs_done = 0
        self.result = say("epoch of", epoch=0, epochs=epochs)  # of the latest epoch
        self.width = 0  # of the live line that is on the terminal

    def watch(self, batches: Sequence[T]) -> Iterator[T]:
        """Yield the mini-batches of an epoch, one after the other, and keep the live line moving."""
        for i, batch in enumerate(batches, start=1):
            yield batch
            if self.live and time.monotonic() - self.refreshed >= LIVE_INTERVAL:
                self.refreshed = time.monotonic()
                self.rewrite(f"{self.result}  {self.time_left(self.epochs_done + i / len(batches))}")

    def epoch_done(self, result: object) -> None:
        """Count one more epoch, and write a plain line if it is one of the few."""
        self.epochs_done += 1
        self.result = f"{say('epoch of', epoch=self.epochs_done, epochs=self.epochs)}  {result}"
        if not self.live and self.epochs_done % -(-self.epochs // PLAIN_LINES) == 0:
            self.line(self.result)

    def close(self) -> None:
        """Stop the live line, as training is over."""
        if self.live:
            self.rewrite(self.result)
            self.line("")

    def line(self, text: str) -> None:
        """Write a line."""
        if self.shown:
            print(text, file=self.stream, flush=True)

    def rewrite(self, line: str) -> None:
        """Put a line in the place of the live line, cut to the width of the terminal."""
        line = line[: shutil.get_terminal_size().columns - 1]
        print(f"\r{line.ljust(self.width)}", end="", file=self.stream, flush=True)
        self.width = len(line)

    def time_left(self, epochs_done: float) -> str:
        """Estimate the time left from the time that the epochs so far have taken: "1:05 left"."""
        seconds = (time.monotonic() - self.started) / epochs_done * (self.epochs - epochs_done)
        return say("time left", minutes=int(seconds) // 60, seconds=int(seconds) % 60)
