"""What every DSSE document shares: a frozen pydantic model that signs itself and reads itself back."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self, TypeAlias

from artrator import dsse
from artrator._pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from artrator.canonical import sha256
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey, PublicKey


def _checked(text: str) -> str:
    PublicKey.decode(text)
    return text


#: A public key in its wire form, proven to be one: whoever reads the document can use it without looking again.
EncodedKey: TypeAlias = Annotated[str, AfterValidator(_checked)]


class SignedDocument(BaseModel):
    """A document with a payload type of its own, so that one kind can never pass for another."""

    # NaN and infinity compare in no order, so no time or measure may be one.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    payload_type: ClassVar[str]

    def sign(self, key: PrivateKey) -> dict[str, Any]:
        """The signed document in its JSON form."""
        return dsse.sign(key, self.payload_type, self.model_dump_json().encode()).to_json()

    @classmethod
    def verify(cls, value: object, key: PublicKey) -> Self:
        """The document, if ``key`` signed it; raises ArtratorError ``document_invalid``."""
        return cls.verify_named(value, key)[0]

    @classmethod
    def verify_named(cls, value: object, key: PublicKey) -> tuple[Self, str]:
        """The document and its ``document_digest``, if ``key`` signed it; raises ArtratorError ``document_invalid``."""
        payload = dsse.verify(dsse.Envelope.from_json(value), cls.payload_type, key)
        return cls._parse(payload), _digest(payload)

    @classmethod
    def peek(cls, value: object) -> Self:
        """What the document says, unverified: only to learn whose key to verify it with."""
        return cls._parse(dsse.Envelope.from_json(value).payload)

    @classmethod
    def _parse(cls, payload: bytes) -> Self:
        try:
            return cls.model_validate_json(payload)
        except ValidationError as error:
            first = error.errors()[0]
            where = "".join(c for c in ".".join(map(str, first["loc"])) if c.isprintable())[:100]  # keys are strangers'
            raise ArtratorError(
                Code.DOCUMENT_INVALID, f"The document's field {where or '(whole)'} is wrong: {first['msg']}."
            ) from error


def document_digest(value: object) -> str:
    """``sha256:<hex>`` of a signed document's payload: a name that survives re-signing and cannot be bent."""
    return _digest(dsse.Envelope.from_json(value).payload)


def _digest(payload: bytes) -> str:
    return "sha256:" + sha256(payload)
