"""``artrator demo``: a whole federation on one machine, with real processes, real models and test credits.

Start-up, as a list:

1. ``stage``: a registry, a creator with a node, a buyer; each with a data folder, keys and ports of its own.
2. ``services``: the registry and the node run as processes of their own, exactly as their owners would start them.
3. ``catalogue``: the example packages are copied, signed with the creator's key and published.
4. ``tour``: without a screen, one paid job of each; with one, the desktop opens signed in as the buyer.
"""
