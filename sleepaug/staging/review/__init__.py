"""Looking at a staged night in a browser, and correcting it."""
