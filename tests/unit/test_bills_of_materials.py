"""Bills of materials, from a `docker` that lists a few packages; and the packages that our own base images add."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from sluss.stack import sbom
from sluss.stack.env_file import ROOT
from sluss.stack.error import StackError

if TYPE_CHECKING:
    from pathlib import Path

DOCKER = r"""#!/bin/sh
case "$*" in
*"config --images"*) printf 'sluss-one:1\nsluss-one:1\n' ;;
*importlib*) printf 'python\tA_b.c\t1.2\tMIT OR Apache-2.0\ngo\tgithub.com/minio/minio\tv0.1\t\n' ;;
*dpkg-query*) printf 'package\tbash\t5.2-1\tamd64\nlicence\t/usr/share/doc/bash/copyright\tGPL-3+,\n' ;;
*) exit 1 ;;
esac
"""


@pytest.fixture(autouse=True)
def _docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "docker"
    program.write_text(DOCKER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(sbom, "FOLDER", tmp_path / "sbom")
    env = tmp_path / "stack.env"
    env.write_text("")
    monkeypatch.setenv("SLUSS_ENV_FILE", str(env))


def test_one_bill_for_each_image_with_versions_and_licences() -> None:
    (path,) = sbom.write()
    bill = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == "sluss-one.cdx.json"
    assert bill["metadata"]["component"] == {"type": "container", "name": "sluss-one", "version": "1"}
    assert {each["purl"]: each["licenses"] for each in bill["components"]} == {
        "pkg:deb/debian/bash@5.2-1?arch=amd64": [{"license": {"name": "GPL-3+"}}],
        "pkg:golang/github.com/minio/minio@v0.1": [{"license": {"name": "AGPL-3.0-only"}}],
        "pkg:pypi/a-b-c@1.2": [{"expression": "MIT OR Apache-2.0"}],
    }


def test_an_image_that_is_not_built_is_named(tmp_path: Path) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(StackError, match=r"sluss-two:1 cannot be listed: build it with 'make build'"):
        sbom.components("sluss-two:1")


def test_our_base_image_for_python_has_no_more_than_the_official_one() -> None:
    script = (ROOT / "scripts" / "dev" / "base_images.sh").read_text(encoding="utf-8")
    (packages,) = re.findall(r"^  install (python3\.13 .*)$", script, re.MULTILINE)
    # That of Docker's library has Python and pip, and of Debian's packages ca-certificates, netbase and tzdata.
    assert {*packages.split()} == {"python3.13", "python3.13-venv", "python3-pip", "netbase", "tzdata"}
