"""Supporters, known by their e-mail addresses and ids of ours, and their consent."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from osdi_crm_client.errors import ConfigurationError, Garbled
from osdi_crm_client.vendors import rally_congress as wire
from typing_extensions import override

from target_osdi_crm import verify
from target_osdi_crm.consent import BLOCKED, IN, NEITHER, OUT
from target_osdi_crm.intake import addresses
from target_osdi_crm.paths import corrected
from target_osdi_crm.rejects import EACH_RUN, Rejection
from target_osdi_crm.vendor import Found, Order, Record, Shaped
from target_osdi_crm.vendors.rally_congress.stream import RallyCongressStream, record_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from osdi_crm_client.wire import RawRow

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


class Supporters(RallyCongressStream):
    """Supporters."""

    columns = _COLUMNS

    @override
    def begin(self) -> None:
        self._region = addresses.region(self.settings.default_country)
        if self._posts_blindly and not self.settings.allow_resubscribe:
            raise ConfigurationError(
                "With 'rally_congress_upsert_mode' 'post' a record's status reaches people who opted out. Set"
                " 'allow_resubscribe' too if that is meant, or leave the mode at 'lookup'."
            )
        path = self.session.own.supporters_path.strip("/")
        self.path = corrected("rally_congress_supporters_path", self.name, self.path, path)

    @property
    def _posts_blindly(self) -> bool:
        """Whether nobody looks if a supporter is known before one is sent."""
        return self.session.own.upsert_mode == "post"

    # Before a record is decided

    @override
    def read_consent(self, shaped: Shaped) -> None:
        if self._posts_blindly and "email" not in shaped.said:
            shaped.rejection = Rejection(
                "no_consent_status",
                "With 'rally_congress_upsert_mode' 'post' nobody looks whether the supporter is known, so the record"
                " needs an emailOptin.",
            )
        super().read_consent(shaped)

    @override
    def shape(self, shaped: Shaped) -> None:
        values = shaped.values
        email = (values.pop("email", None) or "").strip()
        if email:
            values["email"] = email
            shaped.match_keys["email"] = [email.lower()]
        if values.get("customId"):
            shaped.match_keys["customId"] = [values["customId"]]
        for name in ("addresses", "phones"):
            entries = [entry for entry in values.pop(name, None) or () if entry]
            if self.session.own.form_key_style != "bracket" and len(entries) > 1:
                shaped.withheld.append(f"further {name}")
                entries = entries[:1]
            if name == "phones":
                entries = self._with_ten_digits(entries, shaped)
            if entries:
                values[name] = entries

    def _with_ten_digits(self, entries: list[Record], shaped: Shaped) -> list[Record]:
        """Phones as the vendor takes them, with ten digits; others would keep their supporter out."""
        found = []
        for entry in entries:
            number = addresses.normal("phone", str(entry.get("telephone") or ""), self._region)
            if len(number) == 11 and number.startswith("1"):
                is_plain = verify.digits(entry["telephone"]) == number[1:]
                found.append(entry if is_plain else {**entry, "telephone": number[1:]})
            elif number:
                shaped.withheld.append("phones: not a number of ten digits")
            else:
                found.append(entry)
        return found

    # While it is decided

    @override
    def search(self, key: str, value: str) -> Sequence[Found]:
        if self._posts_blindly:
            return []
        shown, found = self._search(key, value)
        if shown and not found:
            words = f"The vendor was asked for one {key} and shows supporters with others."
            raise Rejection("search_not_understood", words, retry=EACH_RUN)
        return found

    def _search(self, key: str, value: str) -> tuple[list[RawRow], list[Found]]:
        """What the vendor shows, and what of it has the key."""
        shown = self.session.get(self.path, partial(_records, self.path), params={key: value})
        return shown, [Found(str(each["id"]), each) for each in shown if value in self.match_keys_of(each)[key]]

    @override
    def fetch(self, vendor_id: str, order: Order) -> Record | None:
        return self.session.fetch(self._item(vendor_id), record_of)

    @override
    def search_unanswered(self, order: Order, since: datetime) -> Sequence[Found] | None:
        """Look by e-mail."""
        _, found = self._search("email", str(order.values["email"]).lower())
        return found

    # When it is sent

    @override
    def create(self, order: Order) -> Record:
        answer = self.account.call("POST", self.path, data=self._form(order), repeatable=False)
        if answer.status_code == 200:
            order.notes.append("was there already: the vendor knew the e-mail address")
        return self.written(answer)

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        path = self._item(vendor_id)
        return self.account.ask("POST", path, self.written, data=self._form(order), repeatable=True)

    def _item(self, vendor_id: str) -> str:
        return f"{self.path}/{quote(vendor_id, safe='')}"

    def _form(self, order: Order) -> dict[str, str]:
        """A supporter as a form; what is not given is left out, since nobody knows what an empty value does."""
        form = {name: value or "" for name, value in order.values.items() if not isinstance(value, list)}
        if "email" in order.statuses:
            form["emailOptin"] = _SENT_AS[order.statuses["email"]]
        style = self.session.own.form_key_style
        for name in ("addresses", "phones"):
            for place, entry in enumerate(order.values.get(name) or ()):
                for part in (part for part in _PARTS if part in entry):
                    form[f"{name}[{place}][{part}]" if style == "bracket" else part] = entry[part] or ""
        if style == "lower":
            return {_LOWER.get(key, key.lower()): value for key, value in form.items()}
        return form

    # Reading a supporter as the vendor shows it

    @override
    def match_keys_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        own = record.get("customId")
        return {"email": self.addresses_of(record)["email"], "customId": [str(own)] if own else []}

    @override
    def addresses_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        email = str(record.get("email") or "").strip().lower()
        given = [str(each.get("telephone") or "") for each in record.get("phones") or () if each]
        numbers = [addresses.normal("phone", each, self._region) for each in given]
        return {"email": [email] if email else [], "phone": [each for each in numbers if each]}

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


def _comparable(record: Mapping[str, Any]) -> Record:
    """A supporter with phone numbers as digits."""
    phones = [{"telephone": verify.digits(each.get("telephone"))} for each in record.get("phones") or ()]
    return {**record, "phones": phones} if phones else dict(record)


def _records(path: str, body: Any) -> list[RawRow]:
    """The supporters in an answer to a search.

    Raises:
        Garbled: If there is nothing of the kind.
    """
    try:
        return wire.rows(body, name="supporters", records="supporters")
    except Garbled as error:
        raise Garbled("the answer shows no list", method="GET", path=path) from error
