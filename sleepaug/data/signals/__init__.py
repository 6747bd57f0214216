"""From recorded channels to the windows that a network sees."""
