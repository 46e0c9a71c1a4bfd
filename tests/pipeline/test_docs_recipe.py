"""The commands of docs/use_cases.md make a second use case that learns, passes the gates and scores."""

from __future__ import annotations

import re
import shutil
import subprocess

from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.interval import parse_interval
from sluss.use_cases import load_use_case
from tasks import batch_predict, curate_data, deploy_model, generate_data, train_model

DAY = parse_interval("2026-01-01", "day")


def recipe() -> tuple[str, list[str]]:
    """The shell's part of the recipe, and the targets that it gives to make."""
    page = (ROOT / "docs" / "use_cases.md").read_text(encoding="utf-8")
    block = re.search(r"^## A second use case\n.*?```sh\n(.*?)```", page, re.DOTALL | re.MULTILINE)[1]
    lines = block.splitlines()
    made = [line for line in lines if line.startswith("make ")]
    return "\n".join(line for line in lines if line not in made), made


def test_the_recipe_for_a_second_use_case_works(tmp_path, archive):
    shell, made = recipe()
    shutil.copytree(ROOT / "config", tmp_path / "config")
    subprocess.run(["bash", "-euc", shell], cwd=tmp_path, check=True)
    assert made == [
        "make train USE_CASE=tweets",
        "make deploy USE_CASE=tweets",
        "make data score USE_CASE=tweets INTERVAL=2026-01-01",
    ]
    settings = Settings(home=tmp_path / "home", config_dir=tmp_path / "config", data=archive)
    tweets = load_use_case("tweets", settings.config_dir)
    for span in (tweets.history, DAY):
        generate_data.run(Context(settings, tweets), span)
        curate_data.run(Context(settings, tweets), span)
    version = train_model.run(Context(settings, tweets), DAY.start).version
    assert deploy_model.run(Context(settings, tweets)).version == version
    assert batch_predict.run(Context(settings, tweets), DAY).rows == 120
