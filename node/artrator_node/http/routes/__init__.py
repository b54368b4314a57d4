"""The routes, thin: read, prove, ask the node, answer."""
