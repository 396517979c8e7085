"""Announced maintenance: when the service is away, told to vendors and schools beforehand."""
