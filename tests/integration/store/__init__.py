"""The store, over each of its databases."""
