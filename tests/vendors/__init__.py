"""What is told apart by vendor in tests that are the same for all: a module each, with `READING` and `WRITING`."""

from tests.vendors import action_network, crowdskout, i360, nationbuilder, rally_congress

VENDORS = (action_network, nationbuilder, i360, rally_congress, crowdskout)
