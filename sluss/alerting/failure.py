"""Failure of a delivery."""

from __future__ import annotations


class DeliveryError(Exception):
    """A receiver has not taken a message. The text goes on from the receiver's name, and holds no address."""
