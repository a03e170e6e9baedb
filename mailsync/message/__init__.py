"""Pure: bytes ↔ facts. Nothing here knows Django, a database or a network."""
