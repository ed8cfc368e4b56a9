"""The control plane: decides what runs, records what happened, tells who listens."""
