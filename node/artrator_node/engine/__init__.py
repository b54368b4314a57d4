"""The engine: a queue of journalled jobs, and one worker process for each loaded package.

From the bottom up: ``live`` is a job in memory, ``roster`` all of them, ``queue`` those that wait. ``estimates`` is
what was measured of a package, ``slot`` the worker of one, ``slots`` those of all, ``room`` what fits into memory
together, ``devices`` where a package is best computed, ``trials`` how that is found out. ``workers`` starts a worker,
``compiled`` is where compilers of devices keep their work. ``waits`` is what buyers are told of place and seconds.
``life`` is that of one job in a worker, ``attempt`` one try at it, ``scheduler`` decides what starts when, ``engine``
is the face.
"""

from artrator_node.engine.engine import Engine

__all__ = ["Engine"]
