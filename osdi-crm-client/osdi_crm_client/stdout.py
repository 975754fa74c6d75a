"""Standard output that nobody reads any more: `head` has seen enough, or a loader has ended."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

UNREAD = 141
"""The exit code of a program that SIGPIPE has ended."""


def let_go() -> None:
    """Let what is still to be written go nowhere, so that nothing fails again when the program ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextmanager
def for_people() -> Iterator[None]:
    """Write for people, and end the program without a word when they have seen enough."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        let_go()
        sys.exit(UNREAD)
