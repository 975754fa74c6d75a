"""What is told apart by vendor in tests that are the same for all: a module each, with `READING` and `WRITING`."""

import importlib
import pkgutil

VENDORS = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
