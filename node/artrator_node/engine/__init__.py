"""The engine: a queue of journalled jobs, and one worker process for each loaded package.

``live`` is a job in memory, ``estimates`` what was measured, ``slot`` the worker of one package, ``room`` what fits
into memory together, ``scheduler`` decides what starts when, ``run`` is the life of one job, ``engine`` is the face.
"""

from artrator_node.engine.engine import Engine

__all__ = ["Engine"]
