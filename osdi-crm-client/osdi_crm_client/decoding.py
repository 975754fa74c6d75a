"""Decoding JSON that holds bytes, halves of characters or control characters which JSON does not allow."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

_HALF = re.compile("[\ud800-\udfff]")


def leniently(text: str, parse_float: Callable[[str], Any] | None = None) -> Any:
    """Decode a text of JSON; each half of a character in it becomes U+FFFD.

    Args:
        text: The text; bytes that are no UTF-8 have been replaced in it already.
        parse_float: Makes a number of the text of one with a fraction or exponent; a float where nothing is said.

    Raises:
        ValueError: If it is not JSON all the same.
        RecursionError: If it is nested too deep.
    """
    return _whole(json.loads(text, strict=False, parse_float=parse_float, parse_constant=_refuse))


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_HALF.sub("\ufffd", name): _whole(inner) for name, inner in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
