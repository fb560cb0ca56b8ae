"""A build before it is made: its inputs out of files, as they are, were or will be; no engine is asked.

The room ties git, contexts and cache keys together for who wants to know what an edit or a commit will run again.
"""
