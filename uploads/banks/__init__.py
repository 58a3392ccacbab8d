"""Question banks (题库): read, check, find duplicates, report. Pure: no web, no database, no object store.

`inspection.inspect_path` is the way in; `filetype.sniff` and `filetype.check_archive` look at any upload.
"""
