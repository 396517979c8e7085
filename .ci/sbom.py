"""Write the SBOM: every release of requirements.lock as a CycloneDX 1.6 document.

The same lock file gives the same bytes in the same environment: nothing in it is of the moment or drawn at random. The
licences are those of the releases installed here; a release that this Python or system does not install has none.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.hash.factories import HashTypeFactory
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from lock_file import releases
from packageurl import PackageURL
from packaging.requirements import Requirement

import uwlr_adapter

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
_HASHES, _LICENCES = HashTypeFactory(), LicenseFactory()
_LONGEST_NAME = 80
"""Characters of a licence's name; a longer one is its whole text."""


def _licences(name: str) -> Iterator[License]:
    try:
        known = metadata(name)
    except PackageNotFoundError:
        return
    classifiers = [one.rpartition(" :: ")[2] for one in known.get_all("Classifier", []) if one.startswith("License ::")]
    text = (known.get("License") or "").strip()
    if known.get("License-Expression"):
        named = [known["License-Expression"]]
    else:
        named = [text] if text and len(text) <= _LONGEST_NAME and "\n" not in text else classifiers
    yield from map(_LICENCES.make_from_string, named)


def _component(release: Requirement, hashes: list[str]) -> Component:
    (pin,) = release.specifier
    purl = PackageURL("pypi", name=release.name, version=pin.version)
    return Component(
        type=ComponentType.LIBRARY,
        name=release.name,
        version=pin.version,
        purl=purl,
        bom_ref=str(purl),
        hashes=[_HASHES.from_composite_str(one) for one in hashes],
        licenses=_licences(release.name),
        properties=[Property(name="python:marker", value=str(release.marker))] if release.marker else (),
    )


def document(lock: str) -> str:
    """Return the SBOM of a lock file as JSON."""
    version = uwlr_adapter.__version__
    bom = Bom(serial_number=uuid5(NAMESPACE_URL, f"uwlr-adapter {version}\n{lock}"))
    bom.metadata.timestamp = None
    root = Component(
        type=ComponentType.APPLICATION,
        name="uwlr-adapter",
        version=version,
        bom_ref="uwlr-adapter",
        licenses=[_LICENCES.make_from_string("Apache-2.0")],
    )
    bom.metadata.component = root
    bom.components.update(_component(*one) for one in releases(lock))
    bom.register_dependency(root, bom.components)
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def main(path: Path) -> None:
    """Write the SBOM to a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "uwlr-adapter.cdx.json")
