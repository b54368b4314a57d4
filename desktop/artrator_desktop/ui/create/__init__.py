"""The parts of the Create page."""
