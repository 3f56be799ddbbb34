"""What Muster does with the domain, against ports only."""
