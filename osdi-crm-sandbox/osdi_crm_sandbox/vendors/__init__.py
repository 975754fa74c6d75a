"""One module per vendor; each supplies `VENDOR`."""

import importlib
import pkgutil

from osdi_crm_sandbox.vendor import Vendor


def load(names: list[str] | None = None) -> dict[str, Vendor]:
    """The vendors in this folder by name, or only those named.

    Raises:
        LookupError: a name has no module here.
    """
    known = sorted(module.name for module in pkgutil.iter_modules(__path__))
    for name in names or []:
        if name not in known:
            raise LookupError(f"No vendor {name!r}: choose from {', '.join(known)}")
    return {name: importlib.import_module(f"{__name__}.{name}").VENDOR for name in names or known}
