"""NationBuilder's two families of errors: JSON:API documents of flaws, and {"code", "message"}."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from osdi_crm_sandbox.vendor import Refusal, answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from osdi_crm_sandbox.records import Record

JSON_API = "application/vnd.api+json"
CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    406: "not_acceptable",
    409: "conflict",
    422: "unprocessable_entity",
    500: "server_error",
    502: "bad_gateway",
    503: "service_unavailable",
}


@dataclass(frozen=True)
class Flaw:
    """What is wrong with one attribute of a document.

    Attributes:
        attribute: its name.
        message: what follows the name in the text.
        code: such as "taken".
        label: the name in the text, where it is not the attribute's in words; it may be its path in the document.
        relationship: name, id and type of the sideposted record it belongs to.
    """

    attribute: str
    message: str
    code: str
    label: str | None = None
    relationship: tuple[str, str | None, str] | None = None

    def document(self, status: int, title: str) -> Record:
        """The flaw as an entry of "errors"; an attribute's name in words: "tag_id" is "Tag"."""
        meta: Record = {"attribute": self.attribute, "message": self.message, "code": self.code}
        if self.relationship:
            name, key, kind = self.relationship
            meta = {"relationship": {"name": name, "id": key, "type": kind, **meta}}
        in_words = re.sub(r"_id$", "", self.attribute).replace("_", " ").capitalize()
        label = in_words if self.label is None else self.label
        place = label if label.startswith(("data.", "included.")) else f"data.attributes.{self.attribute}"
        return {
            "code": CODES[status],
            "status": str(status),
            "title": title,
            "detail": f"{label} {self.message}".strip(),
            "source": {"pointer": f"/{place.replace('.', '/')}"},
            "meta": meta,
        }


class Invalid(Exception):
    """Raised for a record that cannot be as the call wants it."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__()
        self.flaws = flaws

    def beside(self, relationship: tuple[str, str | None, str]) -> Invalid:
        """The same, of a sideposted record."""
        return Invalid([one if one.relationship else replace(one, relationship=relationship) for one in self.flaws])


def invalid(flaws: Iterable[Flaw]) -> Refusal:
    """422, the record is not valid."""
    errors = [flaw.document(422, "Validation Error") for flaw in flaws]
    return Refusal(422, response=answer({"errors": errors}, 422, JSON_API))


def bad_document(flaws: Iterable[Flaw]) -> Refusal:
    """400, the document asks for what is not there."""
    return Refusal(400, response=answer({"errors": [flaw.document(400, "Request Error") for flaw in flaws]}, 400))


def flat(status: int, code: str, message: str, **more: Any) -> Refusal:
    """An error of the other family, with a code of its own."""
    return Refusal(status, response=answer({"code": code, "message": message, **more}, status))
