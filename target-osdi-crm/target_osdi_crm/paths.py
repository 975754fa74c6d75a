"""Paths of streams, where settings correct them."""

from __future__ import annotations

import re

from osdi_crm_client.errors import ConfigurationError


def corrected(setting: str, stream: str, path: str, given: str) -> str:
    """Return the path that a setting gives a stream instead of its own.

    Raises:
        ConfigurationError: If it holds a placeholder that nothing fills.
    """
    filled = re.findall(r"\{\w+\}", path)
    if re.search("[{}]", re.sub("|".join(map(re.escape, filled)) or "^", "", given)):
        raise ConfigurationError(
            f"The setting '{setting}' gives '{stream}' a path with a placeholder that nothing fills; it may hold"
            f" {' and '.join(filled) or 'none'}."
        )
    return given
