"""Admin pages of the accounts app."""
