"""What commands print: masked, bounded, cut into pieces."""
