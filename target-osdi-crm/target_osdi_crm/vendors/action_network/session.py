"""One group in one run: how its collections are read, and what is read of it once: its tags, its custom fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client import paging
from osdi_crm_client.vendors import action_network as wire
from typing_extensions import override

from target_osdi_crm.answers import object_of
from target_osdi_crm.rejects import CHANGE, EACH_RUN, Rejection
from target_osdi_crm.vendor import Record, Session
from target_osdi_crm.vendors.action_network.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from osdi_crm_client.account import Account

    from target_osdi_crm.settings import TargetSettings

NAME = "action_network"


class Group(Session[Settings]):
    """What the streams of one group share.

    Attributes:
        tags: Its tags.
    """

    @override
    def __init__(self, account: Account, settings: TargetSettings, own: Settings) -> None:
        super().__init__(account, settings, own)
        self.tags = TagsByName(self)
        self._custom_fields: list[str] | None = None
        self._guard = account.concurrency.lock()

    def read_all(self, path: str, wanted: str = "") -> Iterator[Record]:
        """The records of a collection, all or those that a filter leaves."""
        return paging.rows(self.account, wire.collection(path, wanted=wanted))

    def send(self, method: str, path: str, body: Record, *, repeatable: bool) -> Record:
        """Send a body and return the record in the answer.

        Raises:
            Rejection: If it shows none.
        """
        reply, vendor_id = self.ask(method, path, _identified, json=body, repeatable=repeatable)
        if not vendor_id:
            raise Rejection(
                "empty_answer",
                "Action Network answered 200 and showed no record, which means that it wrote none.",
                retry=EACH_RUN if repeatable else CHANGE,
                status=200,
            )
        return reply

    def custom_fields(self) -> list[str]:
        """The names of the group's custom fields."""
        with self._guard:
            if self._custom_fields is None:
                self._custom_fields = [str(each["name"]) for each in self.read_all("metadata/custom_fields")]
            return self._custom_fields


def _identified(body: Any) -> tuple[Record, str | None]:
    record = object_of(body)
    return record, wire.id_of(record)


class TagsByName:
    """A group's tags, read once and then kept up."""

    def __init__(self, group: Group) -> None:
        """Make ready; makes no call."""
        self._group = group
        self._lock = group.account.concurrency.lock()
        self._known: dict[str, Record] | None = None

    def named(self, name: str) -> Record | None:
        """The tag of this name."""
        with self._lock:
            return self._by_name().get(name)

    def unknown(self, names: Sequence[str]) -> list[str]:
        """Those of these names that are no tag."""
        with self._lock:
            return [name for name in names if name not in self._by_name()] if names else []

    def ensure(self, names: Sequence[str]) -> list[Record]:
        """The tags of these names, created where need be."""
        if not names:
            return []
        with self._lock:
            known = self._by_name()
            for name in names:
                if name not in known:
                    known[name] = self._group.send("POST", "tags", {"name": name}, repeatable=True)
            return [known[name] for name in names]

    def _by_name(self) -> dict[str, Record]:
        if self._known is None:
            self._known = {str(tag.get("name")): tag for tag in self._group.read_all("tags")}
        return self._known
