"""Worker processes: where plugins and packages run, away from keys, databases and each other.

The parent's side is ``artrator.worker.host``; the child's is ``artrator.worker.child``, and the child imports nothing
that a plugin's environment may lack.
"""
