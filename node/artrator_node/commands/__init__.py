"""What ``artrator node`` does beside serving; ``artrator_node.cli`` is the command line itself.

``address`` finds a node and asks it how it is. ``publish`` and ``fetch`` give it packages, ``status`` reports on it,
``owner`` stops it and starts it again, ``bench`` measures what its devices give.
"""
