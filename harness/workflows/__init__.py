"""Things that run other things: checks of the data."""
