"""All of a tracker in one file, and out of it again, into a database of either kind.

`saving` writes an archive from one snapshot; `checking` reads it and refuses whatever is not as it was written;
`loading` fills an empty database. An archive is a tar (`container`) of rows as lines of JSON (`lines`) and of attached
files, and a `manifest` that tells what is in it.
"""
