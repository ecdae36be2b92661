"""Files: pictures, clips and sound are read, checked, fitted and cut here; nothing knows takes or the page."""
