"""Kind: accidents and hazards on roads, at sea, in the air, on rails; fire; hazardous material."""
