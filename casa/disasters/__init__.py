"""Kind: hazards and disasters."""
