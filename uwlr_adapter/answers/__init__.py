"""Stored answers: rendered once, validated once, sent many times."""
