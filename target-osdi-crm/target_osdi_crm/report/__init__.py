"""What a run tells: counts, a plan, rejected records, a page, and the command that looks into the journal."""
