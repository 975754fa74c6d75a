"""Writing to Rally Congress: supporters, and letters to lawmakers where that is allowed.

Rally Congress, API v3 (rallycongress.com/docs/api).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

import osdi_crm_schemas
from osdi_crm_client.errors import ConfigurationError, Fault, Garbled, NotFound, VendorError
from osdi_crm_client.settings import setting, settings
from osdi_crm_client.vendors import rally_congress as wire
from typing_extensions import override

from target_osdi_crm import verify
from target_osdi_crm.columns import from_columns
from target_osdi_crm.consent import BLOCKED, IN, NEITHER, OUT, RequestedConsent
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendor import Found, Order, Record, Session, Shaped, Stream, Vendor, corrected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import requests
    from osdi_crm_client.account import Account
    from osdi_crm_client.wire import RawRow

    from target_osdi_crm.settings import TargetSettings

NAME = "rally_congress"


@settings
class Settings:
    """What people can set about writing to Rally Congress."""

    form_key_style: Literal["camel", "lower", "bracket"] = setting(
        "Rally Congress form keys",
        "How the keys of a supporter's form are spelled, which the vendor does not publish; all of it is assumed:"
        " firstName and zipcode, firstname and zipcode, or addresses[0][zipcode], the only one that takes more than"
        " one address and phone.",
        default="camel",
    )
    upsert_mode: Literal["lookup", "post"] = setting(
        "Rally Congress upsert",
        "'lookup' searches by customId and e-mail before a new supporter is sent. 'post' sends without looking and"
        " relies on the vendor to find the e-mail, which is assumed; since it cannot spare those who opted out, it"
        " needs 'allow_resubscribe' and an emailOptin in every record.",
        default="lookup",
    )
    supporters_path: str = setting(
        "Rally Congress supporters' path",
        "Where supporters are searched and sent, below the API's address; the default is assumed.",
        default="supporters",
    )
    allow_letters: bool = setting(
        "Rally Congress letters",
        "Whether records of 'messages' are sent at all. Each is a letter to lawmakers in a named person's name,"
        " and makes that person a supporter.",
        default=False,
    )
    deliver_letters: bool = setting(
        "Rally Congress delivery",
        "Whether letters are delivered; otherwise each is sent with the mode 'no_delivery', which the vendor"
        " accepts for testing.",
        default=False,
    )


_STATUSES = {
    "yes": IN,
    "pending": IN,
    "no": OUT,
    "unsubscribed": OUT,
    "spam": BLOCKED,
    "not_collected": NEITHER,
}
"""What `emailOptin` means (rallycongress.com/docs/api/supporter_object); `pending` has been asked already."""

_SENT_AS = {IN: "yes", OUT: "unsubscribed"}

_ADDRESS = ("addressType", "street1", "street2", "street3", "city", "state", "zipcode", "zipplus")
_PARTS = (*_ADDRESS, "telephone")

_COLUMNS = {name.lower(): ("addresses", name) for name in _ADDRESS} | {
    "street": ("addresses", "street1"),
    "zip": ("addresses", "zipcode"),
    "phone": ("phones", "telephone"),
    "telephone": ("phones", "telephone"),
}
"""Flat columns, folded, and where they belong."""

_LOWER = {"street1": "street", "telephone": "phone"}
"""Form keys of the style `lower` that are more than the name in lower case, as the forms of actions have them."""

_NO_DELIVERY = "no_delivery"


class Organization(Session[Settings]):
    """What the streams of one organisation share.

    Attributes:
        supporters: Where supporters are searched and sent.
        style: How the keys of their forms are spelled.
        looks_up: Whether a supporter is searched before one is sent.
    """

    @override
    def __init__(self, account: Account, settings: TargetSettings, own: Settings) -> None:
        super().__init__(account, settings, own)
        path = own.supporters_path.strip("/")
        self.supporters = corrected("rally_congress_supporters_path", STREAMS[0], path)
        self.style = own.form_key_style
        self.looks_up = own.upsert_mode != "post"
        if not self.looks_up and not settings.allow_resubscribe:
            raise ConfigurationError(
                "With 'rally_congress_upsert_mode' 'post' a record's status reaches people who opted out. Set"
                " 'allow_resubscribe' too if that is meant, or leave the mode at 'lookup'."
            )


class RallyCongressStream(Stream):
    """A stream of one organisation."""

    session: Organization

    def taken(self, answer: requests.Response) -> Record:
        """The record in an answer to a POST.

        Raises:
            Rejection: If the vendor needs more to take it (202).
            Garbled: If it shows none.
        """
        shown = _record(answer.json() if answer.content else None)
        if answer.status_code == 202:
            lacking = shown.get("missing") or shown.get("fields") or shown.get("required") or ()
            names = ", ".join(str(each) for each in (lacking if isinstance(lacking, list) else [lacking]))
            own = shown.get("id") or shown.get("messageId") or shown.get("uniqueId")
            raise Rejection(
                "incomplete",
                f"The vendor needs more, and wrote nothing yet: {names or 'it does not say what'}"
                + (f". It keeps what came under {own}." if own else "."),
                status=202,
            )
        if not shown:
            raise Garbled("the answer shows no record", method="POST", path=self.path)
        return shown


class Supporters(RallyCongressStream):
    """Supporters, known by their e-mail addresses and ids of ours."""

    # Before a record is decided

    @override
    def shape(self, shaped: Shaped) -> None:
        values = shaped.values
        for name, entry in from_columns(shaped, _COLUMNS).items():
            values.setdefault(name, [entry])
        status = values.pop("emailOptin", None)
        if status is not None and (status := _STATUSES.get(str(status).strip().lower())) is None:
            raise Rejection("unknown status", f"emailOptin is none of {', '.join(_STATUSES)}.")
        if status is None and not self.session.looks_up:
            raise Rejection(
                "no consent status",
                "With 'rally_congress_upsert_mode' 'post' nobody looks whether the supporter is known, so the record"
                " needs an emailOptin.",
            )
        email = str(values.pop("email", "")).strip()
        if email:
            values["email"] = email
            shaped.match_keys["email"] = [email.lower()]
        if values.get("customId"):
            shaped.match_keys["customId"] = [values["customId"]]
        if email or status:
            requested = {BLOCKED: OUT, NEITHER: None}.get(status, status) if status else None
            shaped.consent["email"] = RequestedConsent(email.lower() or None, requested)
        for name in ("addresses", "phones"):
            entries = [entry for entry in values.pop(name, None) or () if entry]
            if self.session.style != "bracket" and len(entries) > 1:
                shaped.withheld.append(f"further {name}")
                entries = entries[:1]
            if entries:
                values[name] = entries

    # While it is decided

    @override
    def search(self, key: str, value: str) -> Sequence[Found]:
        if not self.session.looks_up:
            return []
        shown, found = self._search(key, value)
        if shown and not found:
            raise Rejection(
                "search not understood", f"The vendor was asked for one {key} and shows supporters with others."
            )
        return found

    def _search(self, key: str, value: str) -> tuple[list[RawRow], list[Found]]:
        """What the vendor shows, and what of it has the key."""
        path = self.session.supporters
        shown = self.session.ask("GET", path, partial(_records, path), params={key: value}, repeatable=True)
        return shown, [Found(str(each["id"]), each) for each in shown if value in self.match_keys_of(each)[key]]

    @override
    def fetch(self, vendor_id: str, order: Order) -> Record | None:
        try:
            return self.session.ask("GET", self._item(vendor_id), _record, repeatable=True)
        except NotFound:
            return None

    @override
    def search_unanswered(self, order: Order, since: datetime) -> Sequence[Found] | None:
        """Look by e-mail."""
        _, found = self._search("email", str(order.values["email"]).lower())
        return found

    # When it is sent

    @override
    def create(self, order: Order) -> Record:
        answer = self.account.call("POST", self.session.supporters, data=self._form(order), repeatable=False)
        if answer.status_code == 200:
            order.notes.append("was there already: the vendor knew the e-mail address")
        return self.taken(answer)

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        answer = self.account.call("POST", self._item(vendor_id), data=self._form(order), repeatable=True)
        return self.taken(answer)

    def _item(self, vendor_id: str) -> str:
        return f"{self.session.supporters}/{quote(vendor_id, safe='')}"

    def _form(self, order: Order) -> dict[str, str]:
        """A supporter as a form; what is not given is left out, since nobody knows what an empty value does."""
        form = {name: value for name, value in order.values.items() if isinstance(value, str)}
        if "email" in order.statuses:
            form["emailOptin"] = _SENT_AS[order.statuses["email"]]
        style = self.session.style
        for name in ("addresses", "phones"):
            for place, entry in enumerate(order.values.get(name) or ()):
                for part in (part for part in _PARTS if part in entry):
                    form[f"{name}[{place}][{part}]" if style == "bracket" else part] = str(entry[part])
        if style == "lower":
            return {_LOWER.get(key, key.lower()): value for key, value in form.items()}
        return form

    # Reading a supporter as the vendor shows it

    @override
    def match_keys_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        own = record.get("customId")
        return {**self.addresses_of(record), "customId": [str(own)] if own else []}

    @override
    def addresses_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        email = record.get("email")
        return {"email": [str(email).strip().lower()] if email else []}

    @override
    def statuses_of(self, record: Record) -> Mapping[str, str | None]:
        if not record.get("email"):
            return {"email": None}
        return {"email": _STATUSES.get(str(record.get("emailOptin") or "not_collected").lower(), BLOCKED)}

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        unlike = verify.differences(_comparable(order.values), _comparable(record))
        if "email" in order.statuses and self.statuses_of(record)["email"] != order.statuses["email"]:
            unlike.append("emailOptin")
        return unlike


class Letters(RallyCongressStream):
    """Letters to lawmakers, each sent once; nothing shows what became of one."""

    @override
    def shape(self, shaped: Shaped) -> None:
        if not self.session.own.allow_letters:
            raise Rejection(
                "letters are not allowed",
                "A letter goes to lawmakers in a person's name; it is sent only with 'rally_congress_allow_letters'.",
            )
        shaped.own_id = None
        for name in self.required:
            if shaped.unwritable.get(name):
                shaped.values[name] = str(shaped.unwritable.pop(name))
        if not self.session.own.deliver_letters:
            shaped.values["mode"] = _NO_DELIVERY

    @override
    def fetch(self, vendor_id: str, order: Order) -> Record | None:
        raise Rejection("sent already", "A letter is sent once and cannot be changed; a new one needs a new key.")

    @override
    def create(self, order: Order) -> Record:
        """Send a letter with a single call (github.com/swt83/php-rallycongress).

        Raises:
            Fault: If the vendor failed, was down, or led elsewhere: it may have sent the letter all the same.
            Refused: If it refused the letter.
            NoAnswer: If it did not answer.
            Garbled: If its answer cannot be read.
        """
        where = {name: quote(order.values[name], safe="") for name in self.required}
        names = osdi_crm_schemas.write_names(NAME, self.name, "create")
        form = {names[name]: str(value) for name, value in order.values.items() if name in names}
        url = f"{self.account.base_url}/{self.path.format_map(where)}"
        try:
            answer = self._post_once(url, form)
        except VendorError as error:
            self.account.vendor.name_settings(error, self.account.own)
            raise
        if order.values.get("mode") == _NO_DELIVERY:
            order.notes.append("accepted, not delivered")
        shown = self.taken(answer)
        return {**shown, "id": self.id_of(shown) or "sent"}

    def _post_once(self, url: str, form: Mapping[str, str]) -> requests.Response:
        """Make a call that is neither repeated nor led elsewhere, and return its good answer."""
        transport = self.account.transport
        answer = transport.send(self.account.prepare("POST", url, data=form))
        if answer.status_code >= 500 or 300 <= answer.status_code < 400:
            raise Fault(
                f"the vendor failed (HTTP {answer.status_code})",
                method="POST",
                path=urlsplit(url).path,
                status=answer.status_code,
                words=transport.words(answer),
            )
        if error := transport.error(answer):
            raise error
        return answer

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        return []


def _comparable(record: Mapping[str, Any]) -> Record:
    """A supporter with phone numbers as digits."""
    phones = [{"telephone": verify.digits(each.get("telephone"))} for each in record.get("phones") or ()]
    return {**record, "phones": phones} if phones else dict(record)


def _record(body: Any) -> Record:
    """The one record of an answer; empty if it shows none."""
    return wire.record(body, "supporters") or {}


def _records(path: str, body: Any) -> list[RawRow]:
    """The supporters in an answer to a search.

    Raises:
        Garbled: If there is nothing of the kind.
    """
    try:
        return wire.rows(body, name="supporters", records="supporters")
    except Garbled as error:
        raise Garbled("the answer shows no list", method="GET", path=path) from error


STREAMS = (
    Supporters(
        name="supporters",
        path="supporters",
        required=("email",),
        match_keys=("customId", "email"),
        default_match_keys=("customId", "email"),
    ),
    Letters(
        name="messages",
        path="campaigns/{campaignId}/{actionType}",
        can_update=False,
        required=("campaignId", "actionType"),
    ),
)

VENDOR = Vendor(
    name=NAME,
    streams={stream.name: stream for stream in STREAMS},
    people="supporters",
    settings=Settings,
    session=Organization,
)
