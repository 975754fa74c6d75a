"""Reading five organising CRMs: a Singer tap."""
