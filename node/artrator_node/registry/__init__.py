"""What passes between a node and its registry.

``link`` registers the node and sends its heartbeats; what comes back are the keys that sign tickets (``keyring``) and
the licences that were taken back (``revocations``). ``outbox`` sends the receipts of jobs that have ended.
"""
