"""The form in which keys are kept and compared: records as they come in, and journals of earlier releases."""

from __future__ import annotations

import re

_WHOLE_FLOAT = re.compile(r"(-?\d+)\.0+")


def canonical(text: str) -> str:
    """Return the text of a key as it is kept: of a whole number that was written as a float, the digits."""
    whole = _WHOLE_FLOAT.fullmatch(text.strip())
    return whole[1] if whole else text
