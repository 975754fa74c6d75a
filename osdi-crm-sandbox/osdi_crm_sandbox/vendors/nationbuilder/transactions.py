"""Records on their way in: one transaction per call, and what a document makes of a record."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendors.nationbuilder.errors import Flaw
from osdi_crm_sandbox.vendors.nationbuilder.resources import HERE, REFERENCES, Kind, comparable

if TYPE_CHECKING:
    from osdi_crm_sandbox.accounts import Account
    from osdi_crm_sandbox.records import Record

KEPT_WITHOUT = {("lists", "author_id")}
"""Required when made, and yet outlives what it refers to."""
COUNTED = {
    "signup_taggings": ("signup_tags", "tag_id", "taggings_count"),
    "list_members": ("lists", "list_id", "signups_count"),
}
"""Where the number of these is kept: the resource, the id of its record, the attribute."""


class Transaction:
    """All that one call writes.

    Attributes:
        account: whose records these are.
        now: unix time, whole seconds.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.now = int(time.time())
        self._undo: list[tuple[str, str, Record | None]] = []

    def get(self, resource: str, key: Any) -> Record | None:
        """A record as it is now."""
        return self.account.tables[resource].records.get(str(key))

    def find(self, resource: str, **values: Any) -> list[str]:
        """The ids of the records with these values."""
        kinds = {name: one.kind for name, one in HERE[resource].attributes.items()} | {"with_email_address": "string"}
        where = [(name, "eq", comparable(kinds.get(name, "id"), value)) for name, value in values.items()]
        return sorted(self.account.tables[resource].select(where, live=True), key=int)

    def matching(self, resource: str, **values: Any) -> list[Record]:
        """The records with these values."""
        return [self.account.tables[resource].records[key] for key in self.find(resource, **values)]

    def put(self, resource: str, record: Record) -> None:
        """Adds a record or replaces it."""
        self._undo.append((resource, record["id"], self.get(resource, record["id"])))
        self.account.tables[resource].put(record["id"], record)

    def change(self, resource: str, key: str, **values: Any) -> None:
        """Changes a record that exists, and says when."""
        record = self.get(resource, key)
        if record is not None:
            self.put(resource, {**record, **values, "updated_at": self.now})

    def count(self, resource: str, record: Record, by: int) -> None:
        """Keeps the number of these right where it is kept."""
        if resource in COUNTED:
            owner, key, name = COUNTED[resource]
            holder = self.get(owner, record[key])
            if holder is not None:
                self.put(owner, {**holder, name: holder.get(name, 0) + by})

    def add(self, resource: str, values: Record) -> str:
        """A new record; its id."""
        key = next_id(self.account, resource)
        self.put(resource, {"id": key, "created_at": self.now, **values, "updated_at": self.now})
        self.count(resource, values, 1)
        return key

    def remove(self, resource: str, key: str) -> None:
        """Takes a record away, and what cannot be without it."""
        record = self.get(resource, key)
        if record is None:
            return
        self._undo.append((resource, key, record))
        self.account.tables[resource].delete(key)
        self.count(resource, record, -1)
        for name, attribute in REFERENCES.get(resource, ()):
            goes_too = HERE[name].must_have(attribute) and (name, attribute) not in KEPT_WITHOUT
            for child in self.find(name, **{attribute: key}):
                if goes_too:
                    self.remove(name, child)
                else:
                    self.put(name, {**self.account.tables[name].records[child], attribute: None})

    def undo(self) -> None:
        """Takes everything back."""
        for resource, key, record in reversed(self._undo):
            if record is None:
                self.account.tables[resource].delete(key)
            else:
                self.account.tables[resource].put(key, record)


def next_id(account: Account, resource: str) -> str:
    """The id of a new record, above all there were."""
    if resource not in account.numbers:
        account.numbers[resource] = max((int(key) for key in account.tables[resource].records), default=0)
    return str(account.next(resource))


@dataclass
class Draft:
    """A record that a document wants.

    Attributes:
        transaction: what it is part of.
        kind: its resource.
        old: as it was; None for a new one.
        new: as it will be.
        sent: the attributes of the document, write-only ones too.
        beside: it is sideposted.
        flaws: what is wrong with it.
    """

    transaction: Transaction
    kind: Kind
    old: Record | None
    new: Record
    sent: Record
    beside: bool = False
    flaws: list[Flaw] = field(default_factory=list)

    def changed(self, *names: str) -> bool:
        """Whether one of these is no longer as it was."""
        return any(self.new.get(name) != (self.old or {}).get(name) for name in names)

    def get(self, resource: str, name: str) -> Record:
        """The record that an attribute refers to, nothing if there is none."""
        return self.transaction.get(resource, self.new.get(name)) or {}

    def refuse(self, attribute: str, message: str, code: str, label: str | None = None) -> None:
        """Says what is wrong."""
        self.flaws.append(Flaw(attribute, message, code, label))
