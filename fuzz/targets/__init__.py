"""The targets, by name."""

from fuzz.target import Target
from fuzz.targets import catalogue, csv_set, edexml, endpoint, heads, markup_scan, requests, results

TARGETS: dict[str, Target] = {
    one.TARGET.name: one.TARGET for one in (markup_scan, requests, results, endpoint, edexml, csv_set, catalogue, heads)
}
"""In the order in which they are run."""
