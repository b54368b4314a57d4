"""What is used of pydantic, which one thread imports while every other one waits.

Pydantic's modules import each other in circles as they are first asked for. Where two threads meet in such a circle,
Python lets one of them go on with a module that is half made. Everything here takes pydantic's names from this module,
which is in no circle: whoever comes second waits for its lock.
"""

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

__all__ = ["AfterValidator", "BaseModel", "ConfigDict", "Field", "ValidationError", "field_validator"]
