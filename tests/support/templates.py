"""Templates of the portal, compiled once for all applications of a process: each test opens one of its own."""

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from uwlr_adapter.portal.app import Portal


class CompiledTemplates(BytecodeCache):
    """Bytecode of templates in memory; a template with another source is compiled anew, as jinja2 sees to."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket with what was kept for its template."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what a template was compiled to."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


def share_templates() -> None:
    """Let every portal that this process opens share what it compiles."""
    Portal.jinja_options = {**Portal.jinja_options, "bytecode_cache": CompiledTemplates()}
