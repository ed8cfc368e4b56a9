"""Working: what runs tasks on this machine, and the command that does nothing else."""
