"""What a vendor is to the target: the streams it lets us write, and what it takes to write each of them."""

from __future__ import annotations

import hashlib
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from osdi_crm_client.errors import NotFound
from osdi_crm_client.settings import parse, properties, settings
from osdi_crm_client.wire import id_text

from target_osdi_crm import verify
from target_osdi_crm.answers import Reading
from target_osdi_crm.consent import requested
from target_osdi_crm.rejects import Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from osdi_crm_client.account import Account

    from target_osdi_crm.consent import Channel, RequestedConsent
    from target_osdi_crm.intake.addresses import Kind
    from target_osdi_crm.people_listing import Listing
    from target_osdi_crm.settings import TargetSettings

Record = dict[str, Any]

ALL = ("*",)
"""Stands for all match keys of a stream."""

CREATE = "create"
UPDATE = "update"
DELETE = "delete"

T = TypeVar("T")
S = TypeVar("S")


@dataclass(slots=True)
class Shaped:
    """A record in the vendor's terms.

    Attributes:
        values: What is to be written, by property of the vendor's schema.
        refers: What it refers to, as keys of the source, by property; a list where the property holds one.
        match_keys: What it can be matched by: match key → normalised values.
        consent: What it asks for, by channel.
        said: What its columns about consent say, by channel.
        opt_outs: Channels and addresses that are not to be used.
        rejection: Why it cannot be written, where that is known and the rest of it is still to be read.
        own_id: Its `id` property.
        withheld: What is left out on purpose, in words for the summary.
        refused: Addresses that are left out because they are none: where they stood, their kind, and the text.
        kept: Whether addresses that are none are kept, so that an opt-out reaches them.
        replaced: Where characters were replaced that no vendor can hold.
        deletes_items: Whether parts of the record are to be deleted.
        unwritable: Properties that cannot be written, as they came.
        unknown: Fields that nothing reads, as they came.
        unnested: Parts of open objects that came as columns, whose names a warehouse may have folded, by property.
    """

    values: Record = field(default_factory=dict)
    refers: dict[str, Any] = field(default_factory=dict)
    match_keys: dict[str, list[str]] = field(default_factory=dict)
    consent: dict[str, RequestedConsent] = field(default_factory=dict)
    said: dict[str, str | None] = field(default_factory=dict)
    opt_outs: list[tuple[str, str]] = field(default_factory=list)
    rejection: Rejection | None = None
    own_id: str | None = None
    withheld: list[str] = field(default_factory=list)
    refused: list[tuple[str, Kind, str]] = field(default_factory=list)
    kept: bool = False
    replaced: list[str] = field(default_factory=list)
    deletes_items: bool = False
    unwritable: Record = field(default_factory=dict)
    unknown: Record = field(default_factory=dict)
    unnested: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Order:
    """What is to be sent.

    Attributes:
        stream: The stream.
        values: Values by property.
        refers: The vendor's ids of what the record refers to, by property.
        statuses: Consent to send, by channel.
        foreign_id: An identifier of ours by which the record can be found again, where the settings allow one.
        notes: What there is to say about how it was carried out, in words for summary and journal.
    """

    stream: Stream
    values: Record
    refers: dict[str, Any]
    statuses: dict[str, str] = field(default_factory=dict)
    foreign_id: str | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Found:
    """A record at the vendor: its id, what is shown of it where that was read, its channels where nothing differs."""

    id: str
    record: Record | None = None
    channels: str | None = None


@settings
class NoSettings:
    """The settings of a vendor that has none in the target."""


class Session(Generic[S]):
    """What the streams of a vendor share in one run; a vendor's own adds what it reads once, such as its tags.

    Attributes:
        account: The account that is written to.
        settings: The settings that hold for every vendor.
        own: The vendor's settings.
        streams: The streams, bound to this session.
    """

    streams: Mapping[str, Stream]

    def __init__(self, account: Account, settings: TargetSettings, own: S) -> None:
        """Make ready; makes no call.

        Raises:
            ConfigurationError: If a setting is wrong.
        """
        self.account = account
        self.settings = settings
        self.own = own

    def hash_of(self, *key: str) -> str:
        """A hash of a key at the source of this run's records, and of this account."""
        whose = "\0".join((self.account.name, self.settings.source, *key))
        return hashlib.sha256(whose.encode()).hexdigest()[:24]

    def ask(self, method: str, path: str, read: Callable[[Any], T], **call: Any) -> T:
        """Make a call and return what `read` takes out of its decoded answer, which is None where it has no content.

        Args:
            method: The HTTP method.
            path: The path after the account's base address.
            read: Takes it out; whatever error of form it raises becomes `Garbled`.
            call: The rest of `Account.ask`.

        Raises:
            VendorError: One of its kinds, if the vendor did not do it, or answers in another form than documented.
        """
        return self.account.ask(method, path, lambda answer: read(answer.json() if answer.content else None), **call)

    def get(self, path: str, read: Callable[[Any], T], *, params: Mapping[str, Any] | None = None) -> T:
        """GET a path and return what `read` takes out of the answer; raises as `ask` does."""
        return self.ask("GET", path, read, params=params, repeatable=True)

    def fetch(self, path: str, read: Callable[[Any], T], *, params: Mapping[str, Any] | None = None) -> T | None:
        """The same of a record; None if there is none."""
        try:
            return self.get(path, read, params=params)
        except NotFound:
            return None

    def delete(self, path: str) -> bool:
        """DELETE a record; False if there is none."""
        try:
            self.account.call("DELETE", path, repeatable=True)
        except NotFound:
            return False
        return True


@dataclass(kw_only=True, eq=False)
class Stream(Reading):
    """One stream: a row of the vendor's table, whose class knows how its records are written.

    What reads a record as the vendor shows it raises `Garbled` where that is of another form than it expects.
    A method that the row's other fields rule out, such as `delete` without `can_delete`, is never called.

    Attributes:
        name: The stream.
        path: Its collection; `{property}` stands for the vendor's id of what that property refers to.
        can_update: Whether records can be changed.
        can_delete: Whether records can be deleted.
        idempotent: Whether creating the same record twice leaves one.
        read_before_update: Whether a known record is always read, and left alone where it shows all that is to be
            written.
        batched: Whether many of its records, each decided alone, may travel in one call.
        batch_by: The property whose records are decided together: all that refer to the same are created, or deleted,
            by `write_batch`.
        batch_size: How many records travel in one call at most, where it is batched in either way.
        required: Properties without which the vendor does not create a record.
        refers: References that the schema does not name, or that travel in the path: property → stream.
        subject: The property that refers to the person a record is about; records of one person never race.
        optional_refers: References that are left out where nothing is ever known under them.
        match_keys: Match keys that settings may name.
        default_match_keys: Match keys used unless settings name others; all, if the row does not say.
        holds: Streams whose records live below these at the vendor, and are made anew with one that cannot be changed.
        outlives_merging: Match keys that a merge passes on, by which what vanished is looked for first.
        columns: Flat columns, as a warehouse has them, folded, and the list and the part of its one entry that each
            stands for.
        channels: Of people, the channels on which they can be reached, by name.
        listing: Of people, how all of them are listed, so that an index of them can be kept.
        delivery_words: Words, folded, that the vendor has for whether an address works, which say nothing of consent.
        consent_read_at_first: Columns about consent, folded, that journals of the first release know to have been read.
        session: What it shares with the vendor's other streams in this run.
    """

    name: str
    path: str = ""
    can_update: bool = True
    can_delete: bool = False
    idempotent: bool = False
    read_before_update: bool = False
    batched: bool = False
    batch_by: str | None = None
    batch_size: int = 1
    required: tuple[str, ...] = ()
    refers: Mapping[str, str] = field(default_factory=dict)
    subject: str | None = None
    optional_refers: tuple[str, ...] = ()
    match_keys: tuple[str, ...] = ()
    default_match_keys: tuple[str, ...] = ALL
    holds: tuple[str, ...] = ()
    outlives_merging: tuple[str, ...] = ()
    columns: ClassVar[Mapping[str, tuple[str, str]]] = {}
    channels: Mapping[str, Channel] = field(default_factory=dict)
    listing: Listing | None = None
    delivery_words: tuple[str, ...] = ()
    consent_read_at_first: tuple[str, ...] = ()
    session: Session[Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Take all match keys for the default ones where the row does not say which."""
        if self.default_match_keys is ALL:
            self.default_match_keys = self.match_keys

    def bound(self, session: Session[Any]) -> Self:
        """The stream in one run."""
        stream = copy(self)
        stream.session = session
        stream.begin()
        return stream

    def begin(self) -> None:
        """Make ready for the run, where the stream keeps something of its own; makes no call.

        Raises:
            ConfigurationError: If a setting is wrong.
        """

    @property
    def account(self) -> Account:
        """The account that is written to."""
        return self.session.account

    @property
    def settings(self) -> TargetSettings:
        """The settings that hold for every vendor."""
        return self.session.settings

    # Before a record is decided: no calls

    def read_consent(self, shaped: Shaped) -> None:
        """Take out of a record, before all else, what it asks for; what is wrong with that becomes `rejection`."""
        if self.channels:
            shaped.consent = requested(self.channels, shaped.said, self.addresses_of(shaped.values))

    def shape(self, shaped: Shaped) -> None:
        """Apply the vendor's rules to a record that has the form of its schema: values, match keys, unknown.

        Raises:
            Rejection: If the record cannot be written as it is.
        """

    def foreign_id(self, source_key: str) -> str | None:  # noqa: ARG002
        """The identifier to create a record with, where it could not be found again without one."""
        return None

    def is_idempotent(self, order: Order) -> bool:  # noqa: ARG002
        """Whether creating this record twice leaves one."""
        return self.idempotent

    # While it is decided: reads only

    def search(self, key: str, value: str) -> Sequence[Found]:
        """Search by a match key."""
        raise NotImplementedError

    def search_alike(self, order: Order) -> Sequence[Found]:  # noqa: ARG002
        """Search for a record that no match key finds by what it refers to, such as one person's seat at one event."""
        return ()

    def fetch(self, vendor_id: str, order: Order) -> Record | None:
        """Read one record by its id; None if there is none."""
        raise NotImplementedError

    def search_unanswered(self, order: Order, since: datetime) -> Sequence[Found] | None:  # noqa: ARG002
        """Look for what an unanswered create may have left behind; None where that cannot be told.

        Args:
            order: What was sent.
            since: A time, by the vendor's clock, shortly before it was sent.
        """
        return None

    def require(self, action: str, order: Order) -> None:
        """Make sure, before anything is sent, that an order can be carried out.

        Raises:
            Rejection: If it cannot.
        """
        if action == CREATE and (lacking := self.lacking(order)):
            raise Rejection("required_fields_missing", f"To create one, {self.name} need {', '.join(lacking)}.")

    def lacking(self, order: Order) -> list[str]:
        """Properties that are required to create a record and not given."""
        given = {**order.values, **order.refers}
        return [name for name in self.required if given.get(name) in (None, "", [], {})]

    def keeping(self, values: Record, record: Record, *, fills: bool) -> Record:
        """Those of some values that may be sent to a record as it is shown; where it `fills`, what that has none of."""
        return verify.missing(values, record) if fills else values

    # When it is sent

    def create(self, order: Order) -> Record:
        """Create a record and return the vendor's reply.

        Raises:
            AlreadyExists: If the vendor has it, and says under which id (the client's `existing_id`).
        """
        raise NotImplementedError

    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        """Change a record and return the vendor's reply; `current` is what the vendor showed of it before."""
        raise NotImplementedError

    def delete(self, vendor_id: str | None, order: Order) -> bool:
        """Delete a record, looking for it if its id is not known; False if there was none."""
        raise NotImplementedError

    def write_batch(self, orders: Sequence[Order], *, deleted: bool) -> list[Record | Exception]:
        """Create records that share a call, or delete them, and return the replies; twice is as good as once.

        Raises:
            VendorError: If the call fails; if it is refused, it is made again with fewer.
            Rejection: If the vendor took the call and did not act on it.
        """
        raise NotImplementedError

    # Reading a record as the vendor shows it

    def id_of(self, record: Record) -> str | None:
        """Its id."""
        return id_text(record.get("id"))

    def match_keys_of(self, record: Record) -> Mapping[str, Sequence[str]]:  # noqa: ARG002
        """Its match keys, normalised as in `shape`."""
        return {}

    def addresses_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        """All its addresses by channel of consent, normalised as in `shape`; a stream that asks for consent has it."""
        raise NotImplementedError

    def statuses_of(self, record: Record) -> Mapping[str, str | None]:  # noqa: ARG002
        """Its consent: channel → status, as in `consent`; None where there is no address."""
        return {}

    def differences(self, order: Order, record: Record) -> list[str]:
        """Names of what was ordered that it does not show."""
        return verify.differences(order.values, record)


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A vendor that can be written to; `target_osdi_crm/vendors/<name>` holds one as `VENDOR`.

    Attributes:
        name: Its name in settings, folders and modules.
        streams: The streams that can be written, by name.
        people: The stream of people, whose consent and identity the rest hangs on.
        settings: The class of the target's settings for it; in a configuration every name starts with `<name>_`.
        shaping: Fields of these that change what is sent; None for all.
        since: Fields of these that came after the first release, with their defaults.
        version: Raised when the same record is shaped differently than before, so that it is sent again.
        for_model: With `model: osdi`, what fields of its settings are that are not set.
        session: Makes what its streams share in one run.
        deletes_parts: Whether parts of records are deleted where `allow_delete` says so.
    """

    name: str
    streams: Mapping[str, Stream]
    people: str
    settings: type[Any] = NoSettings
    shaping: tuple[str, ...] | None = None
    since: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    for_model: Mapping[str, Any] = field(default_factory=dict)
    session: type[Session[Any]] = Session
    deletes_parts: bool = False

    @property
    def deciding_settings(self) -> tuple[str, ...]:
        """Names, in a configuration, of the settings that decide what is sent, or whether it is."""
        return tuple(properties(self.settings, f"{self.name}_"))

    @property
    def shaping_settings(self) -> tuple[str, ...]:
        """Names, in a configuration, of the settings that change what is sent."""
        return self.deciding_settings if self.shaping is None else tuple(f"{self.name}_{each}" for each in self.shaping)

    def own(self, config: Mapping[str, Any]) -> Any:
        """The vendor's settings of a configuration.

        Raises:
            ConfigurationError: If one is wrong.
        """
        return parse(self.settings, config, f"{self.name}_")

    def bound(self, account: Account, settings: TargetSettings, own: Any) -> Mapping[str, Stream]:
        """The streams in one run that writes to this account; makes no call.

        Raises:
            ConfigurationError: If a setting is at odds with another.
        """
        session = self.session(account, settings, own)
        session.streams = {name: stream.bound(session) for name, stream in self.streams.items()}
        return session.streams
