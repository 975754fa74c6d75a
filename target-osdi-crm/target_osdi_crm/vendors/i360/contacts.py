"""Contacts, which travel together as an import and have no ids to be told by."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
from osdi_crm_client.errors import Garbled, Refused, VendorError
from typing_extensions import override

from target_osdi_crm import verify
from target_osdi_crm.apply.batcher import RequestBatcher
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendor import Found, Order, Record, Shaped
from target_osdi_crm.vendors.i360.stream import NAME, I360Stream, emails_of, number, path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from target_osdi_crm.apply.batcher import Replies

logger = logging.getLogger("target-osdi-crm")

_PERSON = {"firstname": "FirstName", "lastname": "LastName", "address1": "Address1", "city": "City", "state": "State"}
"""What contacts are looked up by: parameter → property (github.com/i-360/API-Examples, "ContactsTests")."""

_IDENTITY = ("UID", "FirstName", "LastName", "Email", "Phone", "CellNumber")

_ACCEPTED = "accepted as an import: not yet a contact"


class Contacts(I360Stream):
    """Contacts."""

    _import: RequestBatcher
    _imports_path: str

    @override
    def begin(self) -> None:
        super().begin()
        self.batch_size = max(1, self.session.own.contacts_per_import)
        self._import = RequestBatcher(self.batch_size, self._import_many)
        self._imports_path = path(self.session.own, "imports")

    @override
    def shape(self, shaped: Shaped) -> None:
        super().shape(shaped)
        tags = [each for each in shaped.values.pop("Tags", None) or () if each and each.get("Value")]
        if tags and self.session.own.tag_format == "object":
            if len(tags) > 1:
                shaped.withheld.append("further Tags")
            shaped.values["Tags"] = {"category": tags[0].get("Key"), "tag": tags[0]["Value"]}
        elif tags:
            shaped.values["Tags"] = [{"Key": each.get("Key"), "Value": each["Value"]} for each in tags]
        shaped.match_keys |= emails_of(shaped.values)

    @override
    def search_unanswered(self, order: Order, since: datetime) -> Sequence[Found] | None:
        """Look by name and address."""
        person = {parameter: order.values[given] for parameter, given in _PERSON.items() if order.values.get(given)}
        if not person:
            return None
        try:
            shown = self.session.get(self.path, self.rows, params=person)
        except Refused:
            return None
        return [Found(each["id"], each) for each in shown if each["id"] and not self.differences(order, each)]

    @override
    def require(self, action: str, order: Order) -> None:
        if not any(order.values.get(name) for name in _IDENTITY):
            raise Rejection("person_not_identifiable", "Contacts need a name, an e-mail address or a phone.")

    @override
    def create(self, order: Order) -> Record:
        return self._import(order)

    @override
    def update(self, vendor_id: str, order: Order, current: Record | None) -> Record:
        order.values = {**order.values, self.id_name: number(vendor_id)}
        return self._import(order)

    def _import_many(self, orders: Sequence[Order]) -> Replies:
        """Import contacts and follow the import where that is asked for.

        Raises:
            VendorError: If it was not accepted, or nobody knows.
        """
        names = {**osdi_crm_schemas.write_names(NAME, self.name, "create"), self.id_name: self.id_name}
        contacts = [{names[name]: value for name, value in order.values.items()} for order in orders]
        answer = self.account.call("POST", self.path, json={"Contacts": contacts}, repeatable=False)
        job = _lowered(answer.json()) if answer.content else {}
        if answer.status_code == 200 and not job:
            raise Garbled("the answer shows no import", method="POST", path=self.path)
        status, words = self._followed(job)
        replies: Replies = []
        for order in orders:
            if status == "failed":
                replies.append(Rejection("import_failed", f"Import {job.get('id')} of {len(orders)} contacts: {words}"))
                continue
            order.notes.append("imported" if status == "done" else _ACCEPTED)
            own = order.values.get(self.id_name)
            tags = order.values.get("Tags")
            shown = {"Tags": [tags] if isinstance(tags, dict) else tags}
            replies.append({**order.values, **shown, "id": str(own) if own is not None else None})
        return replies

    def _followed(self, job: Record) -> tuple[str, str]:
        """Follow an import to its end, as long as the settings allow: what became of it, and the vendor's words.

        It stays accepted where it cannot be followed.
        """
        deadline = time.monotonic() + self.session.own.wait_for_import
        pause = 0.1
        while True:
            words = " ".join(str(job[name]) for name in ("status", "errors") if job.get(name))
            state = words.casefold()
            if "fail" in state or "error" in state:
                return "failed", words
            if "complete" in state and "incomplete" not in state:
                return "done", words
            if job.get("id") is None or time.monotonic() + pause > deadline:
                return "accepted", words
            time.sleep(pause)
            pause = min(2 * pause, 5.0)
            try:
                answer = self.account.call("GET", f"{self._imports_path}/{job['id']}", repeatable=True)
            except VendorError as error:
                logger.warning("i360: an import was accepted and cannot be followed to its end: %s.", error.why)
                return "accepted", words
            job = {**job, **(_lowered(answer.json()) if answer.content else {})}

    @override
    def match_keys_of(self, record: Record) -> Mapping[str, Sequence[str]]:
        return emails_of(record)

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        values = dict(order.values)
        tags = [values.pop("Tags")] if isinstance(values.get("Tags"), dict) else values.pop("Tags", None) or []
        shown = [tuple(map(verify.normal, each.values())) for each in record.get("Tags") or () if each]
        untagged = any(tuple(map(verify.normal, each.values())) not in shown for each in tags)
        return verify.differences(values, record) + ["Tags"] * untagged


def _lowered(shown: Any) -> Record:
    return {str(name).lower(): value for name, value in shown.items()} if isinstance(shown, dict) else {}
