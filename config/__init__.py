"""What a deployment sets: the only code that reads the environment."""
