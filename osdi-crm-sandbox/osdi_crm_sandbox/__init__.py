"""Organising CRMs on localhost, built from the vendors' own documents."""
