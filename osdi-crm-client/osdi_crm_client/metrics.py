"""The SDK's metrics: lines for programs, which people need not read; the plugins tell them the same in tables."""

from __future__ import annotations

import logging
import os


def leave_to_programs(logger: logging.Logger) -> None:
    """Log metrics only at DEBUG, or where `SINGER_SDK_LOG_CONFIG` says how to log, as it does under Meltano."""
    if "SINGER_SDK_LOG_CONFIG" not in os.environ and not logger.isEnabledFor(logging.DEBUG):
        logger.setLevel(logging.WARNING)
