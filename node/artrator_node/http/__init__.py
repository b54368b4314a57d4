"""The node's HTTP API, exactly as ``artrator.messages.node`` says."""
