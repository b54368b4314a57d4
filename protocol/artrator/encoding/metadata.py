"""What every picture says of itself: which software and model made it, for which order; never the prompt."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from xml.sax.saxutils import escape

#: IPTC's word for a picture made by a trained model; disclosure laws ask for it in machine-readable form.
_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_XMP_KEYWORD: Final = "XML:com.adobe.xmp"
#: Most of what pictures say of themselves is the same for every picture of a model.
_escaped: Final = lru_cache(64)(escape)


@dataclass(frozen=True)
class Provenance:
    """Where a picture comes from. What is empty is left out: a picture made on one's own machine has no order.

    Attributes:
        model: ``name@version`` of the package.
        package: The package's digest.
        created: Seconds since 1970.
    """

    software: str
    model: str
    package: str
    listing: str
    created: float
    order: str = ""
    node: str = ""

    def fields(self) -> Mapping[str, str]:
        """Keyword and value, in PNG's customary keywords where there are any."""
        created = datetime.datetime.fromtimestamp(self.created, datetime.UTC).replace(microsecond=0)
        said = {
            "Software": self.software,
            "Creation Time": created.isoformat(),
            "Model": self.model,
            "Package": self.package,
            "Listing": self.listing,
            "Order": self.order,
            "Node": self.node,
        }
        return {name: value for name, value in said.items() if value}

    def png_texts(self) -> Mapping[str, str]:
        """Text chunks for a PNG."""
        fields = self.fields()
        return {**fields, _XMP_KEYWORD: self._xmp(fields)}

    def xmp(self) -> str:
        """The same as XMP, which JPEG and WebP carry too."""
        return self._xmp(self.fields())

    def _xmp(self, fields: Mapping[str, str]) -> str:
        named = [(name.replace(" ", ""), _escaped(value)) for name, value in fields.items()]
        own = "".join([f"<artrator:{name}>{value}</artrator:{name}>" for name, value in named])
        return (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
            ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
            ' xmlns:artrator="https://artrator.org/ns/1.0/">'
            f"<xmp:CreatorTool>{_escaped(self.software)}</xmp:CreatorTool>"
            f"<Iptc4xmpExt:DigitalSourceType>{_SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>"
            f"{own}</rdf:Description></rdf:RDF></x:xmpmeta>"
        )
