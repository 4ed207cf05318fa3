"""How well speakers are told apart, and what that is tuned with."""
