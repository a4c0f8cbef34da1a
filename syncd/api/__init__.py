"""The control API's words: view models, the Operator protocol, the typed client."""
