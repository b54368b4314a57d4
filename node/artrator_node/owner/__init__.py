"""What the owner of the machine decides, before any buyer: hours, ceilings, other programs, a pause.

``nvml`` and ``hwmon`` are the machine's sensors, ``readings`` what they say and ``ceilings`` what that means;
``rivals`` looks for the programs that go first. ``rules`` is what follows of it all, and ``owner`` looks at them and
tells the engine.
"""
