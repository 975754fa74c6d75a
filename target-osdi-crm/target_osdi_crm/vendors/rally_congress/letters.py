"""Letters to lawmakers, each sent once; nothing shows what became of one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import osdi_crm_schemas
from osdi_crm_client.errors import Fault, VendorError
from typing_extensions import override

from target_osdi_crm.intake.values import vendors_id
from target_osdi_crm.rejects import Rejection
from target_osdi_crm.vendors.rally_congress.stream import NAME, RallyCongressStream

if TYPE_CHECKING:
    from target_osdi_crm.vendor import Order, Record, Shaped

_NO_DELIVERY = "no_delivery"


class Letters(RallyCongressStream):
    """Letters."""

    @override
    def shape(self, shaped: Shaped) -> None:
        if not self.session.own.allow_letters:
            raise Rejection(
                "letters_not_allowed",
                "A letter goes to lawmakers in a person's name; it is sent only with 'rally_congress_allow_letters'.",
            )
        shaped.own_id = None
        for name in self.required:
            if shaped.unwritable.get(name):
                shaped.values[name] = vendors_id(name, str(shaped.unwritable.pop(name)))
        if not self.session.own.deliver_letters:
            shaped.values["mode"] = _NO_DELIVERY

    @override
    def fetch(self, vendor_id: str, order: Order) -> Record | None:
        raise Rejection("sent_already", "A letter is sent once and cannot be changed; a new one needs a new key.")

    @override
    def create(self, order: Order) -> Record:
        """Send a letter with a single call (github.com/swt83/php-rallycongress).

        Raises:
            Fault: If the vendor failed, was down, or led elsewhere: it may have sent the letter all the same.
            Refused: If it refused the letter.
            NotAllowed: If the credentials may not send it.
            NoAnswer: If it did not answer.
            Garbled: If its answer cannot be read.
        """
        where = {name: quote(order.values[name], safe="") for name in self.required}
        names = osdi_crm_schemas.write_names(NAME, self.name, "create")
        form = {names[name]: str(value) for name, value in order.values.items() if name in names}
        path = self.path.format_map(where)
        try:
            answer = self.account.call("POST", path, data=form, repeatable=False, once=True)
        except VendorError as error:
            if error.status and (error.status >= 500 or 300 <= error.status < 400):
                raise Fault(
                    f"the vendor failed (HTTP {error.status})",
                    method=error.method,
                    path=error.path,
                    status=error.status,
                    words=error.words,
                ) from None
            raise
        if order.values.get("mode") == _NO_DELIVERY:
            order.notes.append("accepted, not delivered")
        shown = self.written(answer)
        return {**shown, "id": self.id_of(shown) or "sent"}

    @override
    def differences(self, order: Order, record: Record) -> list[str]:
        return []
