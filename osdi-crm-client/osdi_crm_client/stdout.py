"""Commands for people, and standard output that nobody reads any more: `head` is done, or a loader has ended."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from osdi_crm_client import redaction
from osdi_crm_client.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UNREAD = 141
"""The exit code of a program that SIGPIPE has ended."""


def require_open() -> None:
    """See that there is a standard output, before another file takes its place.

    Raises:
        ConfigurationError: If there is none.
    """
    if sys.stdout is None:
        raise ConfigurationError("Standard output is closed, so that nobody could read what is written there.")


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


def run(
    command: click.Command, name: str, arguments: Sequence[str] | None, errors: tuple[type[Exception], ...]
) -> None:
    """Run a command for people: one of the errors is a line and exit code 1, a wrong option exit code 2.

    click's own way would take a pipe that nobody reads for an error.
    """
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        with for_people(), command.make_context(name, given) as context:
            command.invoke(context)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(1)
    except errors as error:
        print(redaction.redact(str(error)), file=sys.stderr)  # noqa: T201
        sys.exit(1)
