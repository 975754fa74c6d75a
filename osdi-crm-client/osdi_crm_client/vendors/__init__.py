"""One module per vendor, each with a `VENDOR`."""
