"""``artrator node status --watch``: the node on a terminal, as it is now and now and now.

``facts`` reads the node and remembers a minute of it, ``screen`` draws what was read, ``watch`` does both until Ctrl+C.
"""
