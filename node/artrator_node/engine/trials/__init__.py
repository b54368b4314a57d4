"""Finding out what a device gives a package, by trying.

``trial`` times a package on one choice, ``samples`` makes its inputs, ``tuner`` tries while nobody waits.
"""
