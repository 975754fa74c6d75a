"""Which parents were asked for their children, and what they showed then: remembered from run to run."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from osdi_crm_client.reading.store import StoreFailed, Version

if TYPE_CHECKING:
    from collections.abc import Callable

    from osdi_crm_client.reading.store import Store

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a parent showed when it was last asked for its children.

    Attributes:
        counter: What its counter told, if it told anything.
        changed: When it had changed.
        at: The time up to which its children were read.
    """

    counter: int | None
    changed: str | None
    at: datetime

    @classmethod
    def of(cls, row: list[Any]) -> Asked:
        """Read what the store holds."""
        counter, changed, at = row
        return cls(counter, changed, datetime.fromisoformat(at))

    def row(self) -> list[Any]:
        """Return what the store is to hold."""
        return [self.counter, self.changed, self.at.isoformat()]


@dataclass(frozen=True)
class Ran:
    """What is known of the counters after a run.

    Attributes:
        at: When it began.
        right_since: Since when no counter has been wrong.
        was_wrong: Whether one ever was.
    """

    at: datetime
    right_since: datetime
    was_wrong: bool

    @classmethod
    def of(cls, about: dict[str, Any]) -> Ran:
        """Read what the store holds."""
        at, since = (datetime.fromisoformat(about[name]) for name in ("at", "right_since"))
        return cls(at, since, about["was_wrong"])

    def about(self) -> dict[str, Any]:
        """Return what the store is to hold."""
        return {"at": self.at.isoformat(), "right_since": self.right_since.isoformat(), "was_wrong": self.was_wrong}


@dataclass(frozen=True)
class Known:
    """What the store holds in the generation that the state names: the run before, and the parents by their places."""

    version: Version
    ran: Ran
    asked: dict[str, Asked]


class AskedParents:
    """The parents of one stream, in a store; where that fails, a warning says so, and nothing more is remembered."""

    def __init__(self, name: str, store: Store) -> None:
        """Remember them for the stream of this name."""
        self._name = name
        self._store: Store | None = store
        self._fresh: dict[str, Any] = {}
        self.draft: str | None = None

    def known(self, noted: Any) -> Known | None:
        """Return what is known for what the state names, if it names anything.

        Raises:
            ConfigurationError: If the store that a setting names cannot be used from the start.
        """
        version = Version.of(noted)
        found = self._tried(lambda store: store.at(version)) if version else None
        if not version:
            return None
        if not found:
            logger.info("Stream '%s' asks all parents: the store is not at what the state names.", self._name)
            return None
        about, rows = found
        return Known(version, Ran.of(about), {place: Asked.of(row) for place, row in rows.items()})

    def drafted(self, draft: str | None, after: str) -> dict[str, Asked]:
        """Return what an earlier run drafted that has come as far as this; raises as `known` does."""
        rows = self._tried(lambda store: store.drafted(draft)) if draft else None
        return {place: Asked.of(row) for place, row in (rows or {}).items() if place <= after}

    def begin(self, drafted: dict[str, Asked]) -> None:
        """Begin a draft of one's own, since others may go on from the same state; raises as `known` does."""
        rows = {place: asked.row() for place, asked in drafted.items()}
        self.draft = self._tried(lambda store: store.draft(rows))

    def add(self, place: str, asked: Asked) -> None:
        """Note that a parent has been asked; `put` writes it."""
        self._fresh[place] = asked.row()

    def put(self) -> None:
        """Write to the draft what has been noted."""
        fresh, self._fresh = self._fresh, {}
        if draft := self.draft:
            self._tried(lambda store: store.put(draft, fresh))

    def commit(self, onto: Version | None, ran: Ran) -> Version | None:
        """End the draft; None where that is not possible, so that all parents are asked next time."""
        self.put()
        if draft := self.draft:
            return self._tried(lambda store: store.commit(draft, onto, ran.about()))
        return None

    def _tried(self, do: Callable[[Store], T]) -> T | None:
        if self._store is None:
            return None
        try:
            return do(self._store)
        except StoreFailed as error:
            logger.warning(
                "Stream '%s': which parents were asked cannot be remembered (%s), so all are asked on the next run;"
                " 'reading_store' names another place.",
                self._name,
                error,
            )
            self._store = None
            return None
