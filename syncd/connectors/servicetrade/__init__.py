"""ServiceTrade: cloud field service, one REST/JSON API."""
