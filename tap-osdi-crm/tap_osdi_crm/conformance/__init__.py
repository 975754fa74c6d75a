"""The command `osdi-crm-conformance`: which assumptions about a vendor hold at an account that somebody has."""
