"""What travels over HTTP: pydantic models, a module for each service."""
