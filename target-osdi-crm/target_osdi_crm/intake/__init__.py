"""Messages become typed records, batch by batch; what is unchanged goes no further."""
