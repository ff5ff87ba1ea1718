"""Kind: missing and trafficked persons."""
