"""Which device, which provider, how many threads.

``places`` names what there is, ``cores`` counts processors, ``probe`` asks a confined process what answers, ``figures``
are what trials have measured, ``devices`` decides.
"""

from artrator_node.engine.devices.devices import Devices
from artrator_node.engine.devices.figures import Figures, Measurement
from artrator_node.engine.devices.places import Choice, Place
from artrator_node.engine.devices.probe import Answer, Card

__all__ = ["Answer", "Card", "Choice", "Devices", "Figures", "Measurement", "Place"]
