"""The border of what is kept of an account: names that anybody could know, and of every value its type and form alone.

Nothing else of the conformance kit writes what came from a vendor. A name is taken to pieces, and only pieces that
stand in this project's own schemas or in `names.txt` are kept; of a value its type, its form, and how many there are.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import osdi_crm_schemas

if TYPE_CHECKING:
    from collections.abc import Iterable

    import requests

UNKNOWN = "?"
"""What stands for a piece of a name that is not known."""

MOST_NAMES = 150
"""Names of one object beyond which only the unlike forms of its values are kept: it is a table, not a record."""


def _listed(file: str) -> frozenset[str]:
    return frozenset((resources.files(__package__ or "") / file).read_text(encoding="utf-8").split())


_STATUS_WORDS = _listed("status_words.txt")
"""Words that tell how far something is; a value of any other word is only told to be one."""

_FORMS = (
    ("e-mail address", re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
    ("time", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?( ?(Z|UTC|[+-]\d\d(:?\d\d)?))?")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("date with slashes", re.compile(r"\d{1,2}/\d{1,2}/\d{2,4}([ T].*)?")),
    ("UUID", re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    ("address of a page", re.compile(r"https?://\S+")),
    ("path", re.compile(r"/\S*")),
    ("decimal number", re.compile(r"-?\d+\.\d+")),
    ("whole number", re.compile(r"-?\d+")),
    ("phone number", re.compile(r"\+?[\d\s().-]{7,}")),
    ("word", re.compile(r"[^\W\d_]+")),
    ("words", re.compile(r"[^<>]*")),
)
"""By name, forms of text; the first that fits is told."""


_TYPES = {type(None): "null", bool: "true or false", int: "whole number", float: "number"}


@cache
def _known() -> frozenset[str]:
    """Every word of a name in the schemas, and those that stand in envelopes and HTTP's headers."""
    found = set(_listed("names.txt"))
    for folder in resources.files(osdi_crm_schemas).iterdir():
        if folder.is_dir():
            for file in folder.iterdir():
                if file.name.endswith(".json"):
                    found.update(_words_of(json.loads(file.read_text(encoding="utf-8"))))
                    found.update(_pieces(file.name.removesuffix(".json")))
    return frozenset(found)


def _words_of(schema: dict[str, Any]) -> Iterable[str]:
    for name, inner in schema.get("properties", {}).items():
        for each in (name, inner.get("x-vendor-name", ""), inner.get("x-write-name", ""), inner.get("x-link", "")):
            yield from _pieces(each)
        yield from _words_of(inner)
    if isinstance(schema.get("items"), dict):
        yield from _words_of(schema["items"])


def _pieces(name: str) -> list[str]:
    return [each.lower() for each in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def name(text: str) -> str:
    """Return the name of a property, parameter or header, with every piece masked that anybody could not know."""

    def kept(found: re.Match[str]) -> str:
        piece = found[0].lower()
        return found[0] if {piece, piece.removesuffix("s"), f"{piece}s"} & _known() else UNKNOWN

    masked = re.sub(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+", kept, text)
    return re.sub(r"\d{3,}|[^\w\s.:()\[\]{}/?-]+", UNKNOWN, masked)[:80]


def place(path: str) -> str:
    """Return a path with every id in it masked."""
    return "/".join(
        "{id}" if UNKNOWN in each or re.search(r"\d", each) else each for each in map(name, path.split("/"))
    )


def word(text: Any) -> str:
    """Return a word that tells how far something is, or that it is another one."""
    is_known = isinstance(text, str) and re.fullmatch(r"[A-Za-z _-]+", text) and _STATUS_WORDS.issuperset(_pieces(text))
    return str(text) if is_known else f"another {form(text)}"


def form(value: Any) -> Any:
    """Return the type of a value, of text its form, of lists and objects what they are made of."""
    if isinstance(value, str):
        return f"text: {_form_of(value)}" if value.strip() else "empty text"
    if isinstance(value, list):
        return {"list of": len(value), "each": _together(value)}
    if isinstance(value, dict):
        if len(value) > MOST_NAMES:
            return {"object of": len(value), "each": _together(list(value.values()))}
        return {name(each): form(inner) for each, inner in value.items()}
    return _TYPES.get(type(value), "something else")


def _form_of(text: str) -> str:
    return next((name for name, pattern in _FORMS if pattern.fullmatch(text.strip())), "markup")


def _together(values: list[Any]) -> Any:
    """Return the form of the values of a list: of objects one form, of others each that there is."""
    objects = [each for each in values if isinstance(each, dict)]
    found: list[Any] = sorted({str(form(each)) for each in values if not isinstance(each, dict)})
    if not objects:
        return found
    together: dict[str, list[Any]] = {}
    for each in objects:
        for inner, value in each.items():
            together.setdefault(inner, []).append(value)
    counted: Counter[str] = Counter(map(name, together))
    shape = {name(inner): _column(held, len(objects)) for inner, held in together.items() if counted[name(inner)] == 1}
    if len(counted) < len(together):
        shape[UNKNOWN] = f"{len(together) - len(shape)} more names"
    return [*found, shape] if found else shape


def _column(held: list[Any], of: int) -> Any:
    if any(isinstance(each, dict) for each in held):
        return _together(held)
    if any(isinstance(each, list) for each in held):
        return {"list": _together([inner for each in held if isinstance(each, list) for inner in each])}
    forms = sorted({str(form(each)) for each in held})
    return [*forms, f"in {len(held)} of {of}"] if len(held) < of else forms


@dataclass(frozen=True)
class Exchange:
    """A call and its answer, as they may be kept."""

    method: str
    path: str
    parameters: tuple[str, ...]
    status: int
    headers: tuple[str, ...]
    body: Any


def exchange(response: requests.Response, base_url: str) -> Exchange:
    """Return of an answer what may be kept."""
    url = urlsplit(str(response.request.url))
    path = url.path.removeprefix(urlsplit(base_url).path).lstrip("/")
    try:
        body = form(response.json()) if response.content else "nothing"
    except Exception as error:  # noqa: BLE001  whatever it is, it is told by its class
        body = f"no JSON ({type(error).__name__})"
    return Exchange(
        method=str(response.request.method),
        path=place(path),
        parameters=tuple(dict.fromkeys(name(each) for each, _ in parse_qsl(url.query, keep_blank_values=True))),
        status=response.status_code,
        headers=tuple(sorted({name(each) for each in response.headers})),
        body=body,
    )
