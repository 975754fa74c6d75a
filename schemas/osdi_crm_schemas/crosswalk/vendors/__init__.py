"""What no table can say of a vendor's people, a module each."""
