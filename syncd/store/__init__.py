"""The engine's memory in SQL: tables, the transactions on them, and who commits them."""
