"""The tap's commands, which can be told to end while the rest is still being loaded."""

from __future__ import annotations

import sys

from osdi_crm_client import ending


def main() -> None:
    """Run the tap."""
    ending.from_the_first_moment()
    from tap_osdi_crm.tap import TapOSDICRM  # noqa: PLC0415

    TapOSDICRM.cli()


def source() -> None:
    """Run the tap as an Airbyte source."""
    ending.from_the_first_moment()
    try:
        from osdi_crm_client.airbyte.command import main as run  # noqa: PLC0415

        from tap_osdi_crm.airbyte import Source  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        sys.exit(f"source-osdi-crm lacks {missing.name}: pip install 'tap-osdi-crm[airbyte]'")
    run(Source())
