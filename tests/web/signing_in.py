"""What a person who lives here signs in with."""

PASSWORD = "a-long-enough-secret"
