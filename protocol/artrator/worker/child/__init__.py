"""The child's side of a worker: standard library, numpy, pluggy and the plugin contract, nothing else."""
