"""One file for each change of the schema, oldest first; a released file is never edited."""
