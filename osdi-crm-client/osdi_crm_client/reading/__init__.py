"""Reading a collection completely, whatever changes meanwhile: a file for each way, with what it needs and promises."""
