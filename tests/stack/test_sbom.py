"""Bills of materials against the images: each package of an image is in its bill, in the version of the lock file."""

from __future__ import annotations

import json
import re

import pytest
from running import ROOT, Stack

from sluss.stack import sbom

pytestmark = [pytest.mark.stack, pytest.mark.nightly]

# Told apart from the bill's own way: by the files that installers leave.
LIST = """
find / -xdev -name '*.dist-info' -path '*-packages/*' -not -path '*/_vendor/*' |
  sed 's#.*/##; s#.dist-info$##; s#^#python #'
awk '/^Package: /{name=$2} /^Status: install ok installed/{print "debian " name}' /var/lib/dpkg/status
"""


def installed(stack: Stack, image: str) -> tuple[set[str], set[str]]:
    """Python packages with their versions, and Debian's packages, of an image."""
    done = stack.docker("run", "--rm", "--user", "0", "--entrypoint", "sh", image, "-c", LIST)
    lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
    python = {re.sub(r"[-_.]+", "-", each.lower()) for kind, each in lines if kind == "python"}
    return python, {each for kind, each in lines if kind == "debian"}


@pytest.fixture(scope="module")
def bills(stack: Stack) -> dict[str, dict[str, str]]:
    """The packages of each bill, by image: addresses and versions."""
    stack.command("bill")
    found = {}
    for path in sbom.FOLDER.glob("*.cdx.json"):
        bill = json.loads(path.read_text(encoding="utf-8"))
        image = bill["metadata"]["component"]
        found[f"{image['name']}:{image['version']}"] = {each["purl"]: each["version"] for each in bill["components"]}
    return found


def test_every_image_has_a_bill_with_all_of_its_packages(stack: Stack, bills: dict[str, dict[str, str]]) -> None:
    running = {stack.inspect(service)["Config"]["Image"] for service in ("door", "postgres", "minio", "mlflow", "init")}
    assert running <= {*bills}
    for image, packages in bills.items():
        python, debian = installed(stack, image)
        listed = {
            re.sub(r"[-_.]+", "-", purl.removeprefix("pkg:pypi/").replace("@", "-"))
            for purl in packages
            if purl.startswith("pkg:pypi/")
        }
        assert debian == {
            purl[len("pkg:deb/debian/") :].split("@")[0] for purl in packages if purl.startswith("pkg:deb/")
        }
        assert python - listed == set(), image


def test_the_environments_are_those_of_the_lock_file(bills: dict[str, dict[str, str]]) -> None:
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE))
    for image in ("sluss-airflow", "sluss-mlflow", "sluss-init"):
        (packages,) = (each for name, each in bills.items() if name.split(":")[0] == image)
        named = {purl.split("/", 1)[1].split("@")[0]: version for purl, version in packages.items() if "pypi" in purl}
        shared = named.keys() & locked.keys() - {"pip"}  # that of the base image
        assert len(shared) > 50
        assert {name: named[name] for name in shared} == {name: locked[name] for name in shared}


def test_the_bill_of_minio_names_its_modules_and_its_licence(bills: dict[str, dict[str, str]]) -> None:
    (image,) = (name for name in bills if name.split(":")[0] == "sluss-minio")
    assert len([purl for purl in bills[image] if purl.startswith("pkg:golang/")]) > 100
    text = (sbom.FOLDER / "sluss-minio.cdx.json").read_text("utf-8")
    assert "AGPL-3.0-only" in text
