"""Reports of results to the department, and announcements (公布) for the whole province."""
