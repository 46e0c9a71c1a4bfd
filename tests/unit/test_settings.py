"""The settings."""

from __future__ import annotations

from sluss.config.settings import Settings


def test_a_home_is_meant_from_the_folder_in_which_it_was_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUSS_HOME", "here")
    settings = Settings()
    monkeypatch.chdir("/")
    assert settings.home == tmp_path / "here"
    assert settings.lake == str(tmp_path / "here" / "lake")
