"""The vendors that can be written to: a module each, found by its name."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_osdi_crm.vendor import Vendor


def vendor_names() -> tuple[str, ...]:
    """Names of the vendors that can be written to, sorted."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def vendor(name: str) -> Vendor:
    """Return the vendor of this name.

    Raises:
        ModuleNotFoundError: If the target has none.
    """
    found: Vendor = import_module(f"{__name__}.{name}").VENDOR
    return found
