"""What Textual has no light enough widget for: a table of which only what is seen costs anything, and one
line of keys."""
