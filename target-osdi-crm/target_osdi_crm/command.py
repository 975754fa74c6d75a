"""The target's commands, which can be told to end while the rest is still being loaded."""

from __future__ import annotations

import sys

from osdi_crm_client import ending


def main() -> None:
    """Run the target."""
    ending.from_the_first_moment()
    from target_osdi_crm.target import TargetOSDICRM  # noqa: PLC0415

    TargetOSDICRM.cli()


def destination() -> None:
    """Run the target as an Airbyte destination."""
    ending.from_the_first_moment()
    try:
        from osdi_crm_client.airbyte.command import main as run  # noqa: PLC0415

        from target_osdi_crm.airbyte import Destination  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        sys.exit(f"destination-osdi-crm lacks {missing.name}: pip install 'target-osdi-crm[airbyte]'")
    run(Destination())
