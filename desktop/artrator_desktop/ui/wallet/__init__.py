"""The parts of the Wallet page."""
