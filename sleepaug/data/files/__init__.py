"""Files of recordings as they are: read and checked."""
