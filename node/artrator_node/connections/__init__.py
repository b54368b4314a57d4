"""Connections, before anything is asked by them: who comes in, how long they may dawdle, how fast bytes pass.

``crowd`` knows all of them and who has to leave, ``doorman`` lets them in and ends those that stand about.
``bandwidth`` is the owner's line, ``traffic`` what passes through it between a connection and the API.
"""
