"""What a vendor is to the target: the streams it lets us write, and the steps of a record's life that are its own."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, ClassVar

from osdi_crm_client.errors import ConfigurationError

from target_osdi_crm import vendors, verify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from osdi_crm_client.account import Account

    from target_osdi_crm.consent import Wish

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Stream:
    """How one stream can be written, as data.

    Attributes:
        name: The stream.
        path: Its collection; `{property}` stands for the vendor's id of what that property refers to.
        update: Whether records can be changed.
        delete: Whether records can be deleted.
        repeatable: Whether creating the same record twice leaves one.
        compared: Whether a known record is always read, and left alone where it shows all that is to be written.
        gathers: Whether many of its records may travel in one call, and are therefore worth having under way at a time.
        required: Properties without which the vendor does not create a record.
        refers: References that the schema does not name, or that travel in the path: property → stream.
        subject: The property that refers to the person a record is about; records of one person never race.
        together: The property whose records share calls: all that refer to the same are created, or deleted, as one.
        does_without: References that are left out where nothing is ever known under them.
        keys: Match keys that settings may name.
        default_keys: Match keys used unless settings name others.
    """

    name: str
    path: str = ""
    update: bool = True
    delete: bool = False
    repeatable: bool = False
    compared: bool = False
    gathers: bool = False
    required: tuple[str, ...] = ()
    refers: Mapping[str, str] = field(default_factory=dict)
    subject: str | None = None
    together: str | None = None
    does_without: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    default_keys: tuple[str, ...] = ()


@dataclass(slots=True)
class Shaped:
    """A record in the vendor's terms.

    Attributes:
        values: What is to be written, by property of the vendor's schema.
        refers: What it refers to, as keys of the source, by property; a list where the property holds one.
        keys: What it can be matched by: match key → normalised values.
        wishes: What it says about consent, by channel.
        own_id: Its `id` property.
        withheld: What is left out on purpose, in words for the summary.
        others: Properties that cannot be written, as they came.
        strangers: Fields that nothing reads, as they came.
    """

    values: Record = field(default_factory=dict)
    refers: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    wishes: dict[str, Wish] = field(default_factory=dict)
    own_id: str | None = None
    withheld: list[str] = field(default_factory=list)
    others: Record = field(default_factory=dict)
    strangers: Record = field(default_factory=dict)


@dataclass(slots=True)
class Order:
    """What is to be sent.

    Attributes:
        stream: The stream.
        values: Values by property.
        refers: The vendor's ids of what the record refers to, by property.
        statuses: Consent to send, by channel.
        mark: A foreign identifier by which the record can be found again, where the settings allow one.
        notes: What there is to say about how it was carried out, in words for summary and journal; the vendor adds it.
    """

    stream: Stream
    values: Record
    refers: dict[str, Any]
    statuses: dict[str, str] = field(default_factory=dict)
    mark: str | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Found:
    """A record at the vendor: its id, and what the vendor shows of it where that was read."""

    id: str
    record: Record | None = None


class Vendor(ABC):
    """The steps that differ between vendors; `target_osdi_crm/vendors/<name>.py` holds one as `VENDOR`.

    Attributes:
        streams: The streams that can be written, by name.
        people: The stream of people, whose consent and identity the rest hangs on.
        settings: The vendor's settings of the target; every name starts with the vendor's.
        shaping: Which of them change what is sent.
        version: Raised when the same record is shaped differently than before, so that it is sent again.
        gathers: How many records of a stream that gathers travel in one call at most.
        most_together: How many records of a stream whose records share calls do so at most.
    """

    streams: ClassVar[Mapping[str, Stream]]
    people: ClassVar[str]
    settings: ClassVar[Mapping[str, Mapping[str, Any]]]
    shaping: ClassVar[tuple[str, ...]]
    version: ClassVar[int]
    gathers: int = 1
    most_together: ClassVar[int] = 1

    def __init__(self, account: Account, config: Mapping[str, Any]) -> None:
        """Prepare to write to the account; makes no call."""
        self.account = account
        self.config = config

    @abstractmethod
    def shape(self, stream: Stream, shaped: Shaped) -> None:
        """Apply the vendor's own rules to a record that has the form of its schema: values, keys, wishes, strangers.

        Raises:
            Rejection: If the record cannot be written as it is.
        """

    @abstractmethod
    def check(self, action: str, order: Order) -> None:
        """Make sure, by reading at most, that an order can be carried out.

        Raises:
            Rejection: If it cannot.
        """

    @abstractmethod
    def find(self, stream: Stream, key: str, value: str) -> Sequence[Found]:
        """Search by a match key."""

    def same(self, order: Order) -> Sequence[Found]:  # noqa: ARG002
        """Search for a record that no match key finds by what it refers to, such as one person's seat at one event."""
        return ()

    @abstractmethod
    def read(self, vendor_id: str, order: Order) -> Record | None:
        """Read one record by its id; None if there is none."""

    @abstractmethod
    def look_up(self, order: Order, since: datetime) -> Sequence[Found] | None:
        """Look for what an unanswered creation may have left behind; None where that cannot be told.

        Args:
            order: What was sent.
            since: A time, by the vendor's clock, shortly before it was sent.
        """

    def mark(self, stream: Stream, source_key: str) -> str | None:  # noqa: ARG002
        """The foreign identifier to create a record with, where it could not be found again without one."""
        return None

    def repeatable(self, order: Order) -> bool:
        """Whether creating this record twice leaves one."""
        return order.stream.repeatable

    @abstractmethod
    def create(self, order: Order) -> Record:
        """Create a record and return the vendor's reply."""

    @abstractmethod
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        """Change a record and return the vendor's reply; `current` is what the vendor showed of it before."""

    def delete(self, vendor_id: str | None, order: Order) -> bool:
        """Delete a record, looking for it if its id is not known; False if there was none."""
        raise NotImplementedError

    def write_together(self, orders: Sequence[Order], *, deleted: bool) -> list[Record | Exception]:
        """Create records that share a call, or delete them, and return the replies; twice is as good as once.

        Raises:
            VendorError: If the call fails; if it is refused, it is made again with fewer.
            Rejection: If the vendor took the call and did not act on it.
        """
        raise NotImplementedError

    @abstractmethod
    def id_of(self, record: Record) -> str | None:
        """The id in a record as the vendor shows it."""

    @abstractmethod
    def keys_of(self, stream: Stream, record: Record) -> Mapping[str, Sequence[str]]:
        """The match keys in a record as the vendor shows it."""

    def states(self, record: Record) -> Mapping[str, str | None]:  # noqa: ARG002
        """The consent in a record as the vendor shows it: channel → state, as in `consent`."""
        return {}

    def differences(self, order: Order, record: Record) -> list[str]:
        """Names of what was ordered that a record, as the vendor shows it, does not show."""
        return verify.differences(order.values, record)


def corrected(setting: str, stream: Stream, path: str) -> str:
    """Return the path that a setting gives a stream instead of its own.

    Raises:
        ConfigurationError: If it holds a placeholder that nothing fills.
    """
    filled = re.findall(r"\{\w+\}", stream.path)
    if re.search("[{}]", re.sub("|".join(map(re.escape, filled)) or "^", "", path)):
        raise ConfigurationError(
            f"The setting '{setting}' gives '{stream.name}' a path with a placeholder that nothing fills; it may hold"
            f" {' and '.join(filled) or 'none'}."
        )
    return path


def vendor_names() -> tuple[str, ...]:
    """Names of the vendors that can be written to, sorted."""
    return tuple(sorted(module.name for module in iter_modules(vendors.__path__)))


def vendor(name: str) -> type[Vendor]:
    """Return the vendor of this name.

    Raises:
        ModuleNotFoundError: If the target has none.
    """
    found: type[Vendor] = import_module(f"{vendors.__name__}.{name}").VENDOR
    return found
