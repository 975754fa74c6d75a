"""The target's durable memory: what became of each record, under which id the vendor keeps it, and who opted out."""
