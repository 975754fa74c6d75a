"""What `--write` does: one marked person with an address of the user's own, tried step by step, and taken away again.

What is to be taken away is in a file before it is made, so that `--resume` can do it after a kill. It is found by its
address, which nobody else has, so that nobody else is ever touched.
"""

from __future__ import annotations

import json
import math
import secrets
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from osdi_crm_client import startup, work_dir
from osdi_crm_client.errors import ConfigurationError, NotFound, Refused, VendorError

from tap_osdi_crm.conformance.person import FIRST, RENAMED
from tap_osdi_crm.conformance.probe import Finding, Probe, as_assumed, not_tried, otherwise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tap_osdi_crm.conformance.bench import Bench
    from tap_osdi_crm.conformance.person import Person

LONGEST_LAG = 600.0
"""Seconds that a new person is looked for."""


class Hand:
    """The one who writes: one person, of one address.

    Attributes:
        person: How it is written.
        address: Its e-mail address.
        id: Its id, once it is made.
    """

    def __init__(self, bench: Bench, person: Person, file: Path) -> None:
        """Write at an account; the file tells of what is to be taken away."""
        self.person = person
        self.address = ""
        self.id = ""
        self._account = bench.account
        self._file = file

    def mark(self, address: str) -> None:
        """Mark an address of the user's own.

        Raises:
            ConfigurationError: If it is none.
        """
        name, at, host = address.strip().rpartition("@")
        if not (name and at and "." in host):
            raise ConfigurationError(f"'{address}' is no e-mail address to write a person with.")
        self.address = f"{name.partition('+')[0]}+osdi-crm-{secrets.token_hex(4)}@{host}"

    def begin(self) -> None:
        """Note that somebody of the address is to be taken away."""
        self._note()

    def _note(self) -> None:
        with work_dir.opened(self._file, "w") as opened:
            json.dump({"address": self.address, "id": self.id}, opened)

    def made(self, key: str) -> None:
        """Note the id of the person."""
        self.id = key
        self._note()

    @property
    def left_behind(self) -> bool:
        """Whether an earlier run has left somebody behind, who is known from now on."""
        if not self._file.exists():
            return False
        with startup.reading("what is to be taken away"):
            found = json.loads(self._file.read_text(encoding="utf-8"))
            self.address, self.id = str(found["address"]), str(found["id"])
        return True

    def take_away(self) -> str:
        """Take the person away, wait for it to be found if need be; return in a sentence what became of it.

        Raises:
            VendorError: If that fails; the file stays, so that it can be tried again.
        """
        ids = {self.id} if self.id else set(self._looked_for())
        for key in ids:
            try:
                self.person.remove(self._account, key)
            except NotFound:
                continue
        self._file.unlink(missing_ok=True)
        if not ids:
            return "Nobody had been made."
        return self.person.remains or "The person is taken away again; nothing is left of it."

    def _looked_for(self) -> list[str]:
        """Return the ids of those who have the address: one may have been made whom searches do not show yet."""
        deadline = time.monotonic() + self._account.index_lag + 1
        while not (found := self.person.find(self._account, self.address)) and time.monotonic() < deadline:
            time.sleep(1)
        return found


@dataclass(frozen=True)
class Step:
    """Something that only writing answers.

    Attributes:
        name: Its name.
        question: What is asked, in one sentence.
        ask: Writes, and finds the answer.
        told: What it writes, in a sentence that is told first.
    """

    name: str
    question: str
    ask: Callable[[Hand, Bench], Finding]
    told: str


def probes(hand: Hand, steps: Iterable[Step], *, is_allowed: bool) -> Iterator[Probe]:
    """Yield the probes that writing answers: those of every vendor's people, and between them the vendor's own."""
    person = hand.person
    every = (
        Step("create", "Does making a person tell its id?", _create, person.created),
        Step("index_lag", "Is it found within 'index_lag_seconds'?", of_person(_lag), "It is searched for."),
        Step(
            "update",
            "Does a change of the first name take?",
            of_person(_update),
            f"Its first name is changed to '{RENAMED}'.",
        ),
        *((_ONCE_MORE,) if person.again else ()),
        *steps,
        Step("take_away", "Can it be taken away?", of_person(_gone), "It is taken away."),
    )
    for step in every:
        yield Probe(step.name, step.question, partial(_asked, hand if is_allowed else None, step), step.told)


def _asked(hand: Hand | None, step: Step, bench: Bench) -> Finding:
    return step.ask(hand, bench) if hand else not_tried("only --write answers it")


def of_person(ask: Callable[[Hand, Bench], Finding]) -> Callable[[Hand, Bench], Finding]:
    """Return what asks by a change of the person, where there is one."""

    def asked(hand: Hand, bench: Bench) -> Finding:
        return ask(hand, bench) if hand.id else not_tried("nobody was made")

    return asked


def _create(hand: Hand, bench: Bench) -> Finding:
    response = hand.person.create(bench.account, hand.address)
    key = hand.person.id_of(response.json() if response.content else None)
    if not key:
        return otherwise(f"it is answered with HTTP {response.status_code}, and no id is told")
    hand.made(key)
    return as_assumed(f"it does, with HTTP {response.status_code}")


def _lag(hand: Hand, bench: Bench) -> Finding:
    assumed, began, pause = bench.account.index_lag, time.monotonic(), 0.25
    while hand.id not in hand.person.find(bench.account, hand.address):
        if time.monotonic() - began > max(LONGEST_LAG, assumed):
            return otherwise(f"the person is not found after {time.monotonic() - began:.0f} seconds")
        time.sleep(pause)
        pause = min(1.5 * pause, 5.0)
    seconds = time.monotonic() - began
    if seconds <= assumed:
        return as_assumed(f"the person was found after {seconds:.1f} seconds")
    lag = math.ceil(1.5 * seconds)
    return otherwise(f"the person was found after {seconds:.1f} seconds", settings={"index_lag_seconds": lag})


def _update(hand: Hand, bench: Bench) -> Finding:
    hand.person.rename(bench.account, hand.id, RENAMED)
    first = hand.person.first(hand.person.read(bench.account, hand.id))
    if first == RENAMED:
        return as_assumed("it does")
    return otherwise("the name is as it was" if first == FIRST else "the name is another one")


def _again(hand: Hand, bench: Bench) -> Finding:
    again = hand.person.again or hand.person.create
    try:
        response = again(bench.account, hand.address)
    except Refused as refusal:
        told = f"it is refused with HTTP {refusal.status}"
        return as_assumed(told) if hand.person.is_refused else otherwise(told)
    key = hand.person.id_of(response.json() if response.content else None)
    if key == hand.id:
        return (
            otherwise("it changes the one there is")
            if hand.person.is_refused
            else as_assumed("it changes the one there is")
        )
    if key:
        hand.person.remove(bench.account, key)
    return otherwise("it makes another, or tells no id")


def _gone(hand: Hand, bench: Bench) -> Finding:
    person, key = hand.person, hand.id
    hand.take_away()
    if person.remains:
        return as_assumed("not whole: the vendor has no way to delete people")
    try:
        person.read(bench.account, key)
    except VendorError as error:
        return as_assumed("it is gone") if isinstance(error, NotFound) else otherwise(f"HTTP {error.status}")
    return otherwise("it is still there, though its deletion was accepted")


_ONCE_MORE = Step("upsert", "Does making it again make no other one?", of_person(_again), "It is made once more.")
