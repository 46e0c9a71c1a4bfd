"""Alerts reach a person, and one person owns each: what people do to alerts, and the delivery of news."""
