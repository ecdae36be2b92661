"""Steps that bring an older ledger up to date; run from `storage.py`, never by hand."""
