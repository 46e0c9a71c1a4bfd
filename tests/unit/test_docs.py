"""README and docs agree with the code: commands, links, settings, keys, errors."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from fnmatch import filter as filter_names
from functools import cache

import pytest
import yaml

from sluss.config.settings import ROOT

sys.path.insert(0, str(ROOT / "scripts" / "dev"))

from typing import TYPE_CHECKING

import check_files
import document_config

from commands.catalogue import ENTRIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
CODE = [
    path
    for folder in ("sluss", "tasks", "commands", "dags", "scripts", "services")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file() and path.suffix != ".pyc"
]
# In the pages' examples, the reader makes these files.
MADE_BY_THE_READER = {"config/flights.yaml", "config/intensity.yaml"}
# Set by the scripts for the compose file, not by people.
FOR_THE_COMPOSE_FILE = {
    "SLUSS_VERSION", "SLUSS_GIT_COMMIT", "AIRFLOW_IDLE_SLEEP",
    "AIRFLOW_WORKER_CONCURRENCY", "AIRFLOW_REDIS", "AIRFLOW_LOCAL_SCHEDULERS",
}  # fmt: skip


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def commands(text: str) -> Iterator[str]:
    """The targets of every `make …` at the start of a line of code or of a span."""
    for words in re.findall(r"(?:^|`)(?:sudo )?make ((?:[a-z-]+ ?)+)(?=[^a-z]|$)", text, re.MULTILINE):
        yield from words.split()


def code_of(page: Path) -> str:
    """Return the code blocks and spans of a page."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`[^`\n]+`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return "\n".join([*(re.sub(r"#.*", "", block) for block in blocks), *spans])


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings have on GitHub."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_that_a_page_names_exists(page):
    assert set(commands(code_of(page))) <= targets()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_subcommand_that_a_page_names_exists(page):
    named = re.findall(r"(?:^|[`/])sluss (?!-)([a-z-]+)", code_of(page), re.MULTILINE)
    assert {*named} <= {*ENTRIES}


@pytest.mark.parametrize("path", CODE, ids=name)
def test_every_command_that_an_error_names_exists(path):
    named = re.findall(r"[`'(](?:sudo )?make ([a-z-]+)", path.read_text(encoding="utf-8"))
    assert set(named) <= targets()


def test_every_target_has_a_line_in_the_list_of_commands():
    listed = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {line.split()[0] for line in listed.stdout.splitlines() if line.startswith("  ")} == targets()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith(("http:", "https:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def paths(page: Path) -> Iterator[str]:
    """The code spans of a page that look like paths in the repository, with `*` for a part that the reader fills in."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for span in re.findall(r"`([^`\n]+)`", text):
        path = re.sub(r"<[^>]+>|…", "*", span).removeprefix("./").rstrip("/")
        if re.fullmatch(r"[\w.-]+(/[\w.*-]+)+", path) and path.partition("/")[0] in tracked():
            yield path


@cache
def tracked() -> frozenset[str]:
    """Every file and folder of the repository, relative to its root."""
    files = [path.relative_to(ROOT) for path in check_files.tracked()]
    return frozenset(str(path) for file in files for path in (file, *file.parents))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_path_that_a_page_names_exists(page):
    if "**Superseded by " in page.read_text(encoding="utf-8"):
        return  # it describes the code of its time
    # The folder data/ holds what its reader puts there.
    named = {path for path in paths(page) if not path.startswith("data/")}
    missing = {path for path in named if not filter_names(tracked(), path)}
    assert missing <= MADE_BY_THE_READER


@pytest.mark.parametrize("page", list(document_config.documents()), ids=name)
def test_the_generated_tables_are_those_of_the_code(page):
    assert page.read_text(encoding="utf-8") == document_config.documents()[page], "run: make docs"


def test_every_key_of_a_use_case_is_documented():
    text = (ROOT / "docs" / "use_cases.md").read_text(encoding="utf-8")
    for path in document_config.key_paths():
        section, _, key = path.rpartition(".")
        table = text.split(f"### {section}\n" if section else "## Every key\n")[1].split("\n### ")[0]
        assert re.search(rf"^\| `{key}` \|.*\| [A-Z…`].+ \|$", table, re.MULTILINE), path


def test_every_variable_that_the_code_reads_is_documented_and_no_other():
    files = [*CODE, ROOT / "Makefile", ROOT / "docker-compose.yml"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    documented = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    declared = set(re.findall(r"^\| `(\w+)` \|", documented, re.MULTILINE))
    used = set(re.findall(r"\bSLUSS_[A-Z0-9_]*[A-Z0-9]\b", text))
    assert used <= declared | set(re.findall(r"`(SLUSS_\w+)`", documented))
    from_code = {*re.findall(r"\b[A-Z][A-Z0-9_]+\b", text), *document_config.variables()}
    assert declared <= from_code


def test_the_stacks_example_settings_are_those_of_the_compose_file():
    example = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    assert used - FOR_THE_COMPOSE_FILE == example - {"COMPOSE_PROJECT_NAME"}


def test_readme_is_short_and_starts_with_the_two_commands():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150
    start = "\n".join(lines[:40])
    assert "make demo" in start
    assert "make test" in start
    assert "](docs/images/control_room.png)" in start


@pytest.mark.parametrize("page", DECISIONS, ids=name)
def test_a_decision_has_its_reason_and_what_would_change_it(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Context", "Choice", "Consequences", "When to decide anew",
    ]  # fmt: skip
    assert text.startswith(f"# {int(page.name[:4])}. ")
    assert f"(decisions/{page.name})" in (ROOT / "docs" / "README.md").read_text(encoding="utf-8")


def sentences() -> Iterator[str]:
    """Every text in the code, with … for what is filled in."""
    for path in CODE:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
        else:
            yield text


def test_every_symptom_of_troubleshooting_is_a_message_of_the_code():
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    known = "\n".join(sentences())
    symptoms = re.findall(r'^### "(.+)"$', page, re.MULTILINE)
    assert len(symptoms) > 20
    for symptom in symptoms:
        parts = [re.escape(part.strip()) for part in symptom.split("…") if part.strip(" .")]
        assert re.search(r"[^\n]*?".join(parts), known), symptom


def test_no_tracked_file_holds_a_secret_or_names_one_machine():
    assert [f"{path} {found}" for path in check_files.tracked() for found in check_files.problems(path)] == []


def test_the_lock_file_names_no_host():
    assert "://" not in (ROOT / "requirements.lock").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        (".env", "", "holds secrets"),
        (".env.bak", "", "holds secrets"),
        ("data.bin", "x" * 600_000, "is larger than"),
        ("key.txt", "-----BEGIN RSA PRI" + "VATE KEY-----", "holds a private key"),
        ("seen.ipynb", '{"cells": [{"outputs": [{"text": "jane"}], "execution_count": 1}]}', "a notebook with outputs"),
        ("notes.txt", "see /ho" + "me/jane/data", "a folder of one machine"),
    ],
)
def test_a_file_that_does_not_belong_is_refused(file, content, reason, tmp_path):
    path = tmp_path / file
    path.write_text(content, encoding="utf-8")
    assert reason in "".join(check_files.problems(path))


def test_a_package_index_of_one_network_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:word@mirror.example/simple")
    path = tmp_path / "notes.txt"
    path.write_text("from mirror.example", encoding="utf-8")
    assert "mirror.example, a package index" in "".join(check_files.problems(path))


def test_ci_runs_the_commands_of_readme_and_actions_are_pinned():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"]) for step in steps if "uses" in step)
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert set(re.findall(r"\bmake ([a-z-]+)", script)) <= targets()


def test_the_checks_before_a_commit_need_no_network():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {repo["repo"] for repo in hooks["repos"]} == {"local"}
    assert {hook["language"] for repo in hooks["repos"] for hook in repo["hooks"]} == {"system"}
