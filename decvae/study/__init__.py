"""What a configuration describes: runs, sweeps, and which run starts from which."""
