"""What is to be done about a record: it calls only reads, and a dry run ends here."""
