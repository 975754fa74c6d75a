"""Reading the children of every parent, in the order of the parents' ids; the last finished one is the cursor.

Needs a source that lists the parents, and their children below each; a filter by time where changes alone are wanted.
Promises every child that is there all the while of every parent that is. A parent need not change when a child arrives,
so each sweep goes to all parents. The bookmark is the start of the last complete sweep. While one runs, the state also
holds since when it asks and how far it is.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from typing_extensions import override

from osdi_crm_client.reading.reading import Reading, settled
from osdi_crm_client.reading.source import Parent, Part
from osdi_crm_client.reading.whole import unsorted
from osdi_crm_client.wire import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osdi_crm_client.wire import RawRow


class Sweep(Reading):
    """Reads the children of every parent; of streams read together, the one that is least far says where to go on."""

    @override
    def parts(self) -> Iterator[Part]:
        begun = self._begun()
        self.goes_on = begun is not None
        self._sweep = begun or self._new()
        self._written = time.monotonic()
        if self.state.is_incremental:
            self.state.note()
        since = self._sweep["since"]
        window = Window(datetime.fromisoformat(since) if since else None)
        parents = [parent for parent in self._parents() if parent.place > self._sweep["after"]]
        self.parts_in_all = len(parents)
        for parent in parents:
            yield self._part(parent, window)

    def _part(self, parent: Parent, window: Window) -> Part:
        return Part(_path(parent, self.source.path), window, parent)

    @override
    def parts_of_sample(self) -> Iterator[Part]:
        for parent in self._parents():
            yield self._part(parent, Window(self.state.since()))

    def _begun(self) -> dict[str, Any] | None:
        """Return the sweep that an earlier run began, unless one of them is for changes and the other for all."""
        sweeps: list[Any] = self.state.noted("sweep")
        if all(sweep and bool(sweep["started"]) == self.state.is_incremental for sweep in sweeps):
            return dict(min(sweeps, key=lambda sweep: str(sweep["after"])))
        return None

    def _new(self) -> dict[str, Any]:
        source, since, started = self.source, self.state.since(), None
        if self.state.is_incremental:
            started = source.parents_as_of or settled(source.account)
        return {"started": started and started.isoformat(), "since": since and since.isoformat(), "after": ""}

    def _parents(self) -> list[Parent]:
        return sorted(self.source.parents(), key=lambda parent: parent.place)

    @override
    def read(self, part: Part) -> Iterator[list[RawRow]]:
        return unsorted(self.source, part)

    @override
    def finished(self, part: Part) -> None:
        if part.parent is None:
            return
        self._sweep = {**self._sweep, "after": part.parent.place}
        if time.monotonic() - self._written > self.state.seconds_between:
            self._note_sweep()
            self._written = time.monotonic()

    def _note_sweep(self) -> None:
        self.state.note(sweep=self._sweep)

    @override
    def ended(self) -> None:
        started = self._sweep["started"]
        self.state.note(datetime.fromisoformat(started) if started else None, sweep=None)

    @override
    def calls(self) -> int | None:
        return len(self._parents())


def _path(parent: Parent, path: str) -> str:
    """Return the path of what hangs on a parent: the parent's goes before it, or its id in it."""
    if "{id}" in path:
        return path.replace("{id}", quote(parent.id, safe=""))
    return f"{parent.path}/{path}".strip("/")
