"""The command that prints what a configuration keeps of visitors."""

import pytest

from installation.__main__ import main


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["privacy", *arguments]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_a_live_camera_that_may_not_be_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "--source", "0")
    for words in (
        "Its source: 0, a live camera",
        "nobody is asked",
        "codes of faces in memory alone, until 1.8 s after",
        "refused (privacy.allow_recording is false)",
        "the panel shows no picture",
        "(this machine alone)",
        "Nothing is recorded · Nichts wird aufgezeichnet",
    ):
        assert words in text


@pytest.mark.parametrize("source", ["/dev/video0", "rtsp://camera/a", "3"])
def test_what_may_be_a_live_camera_is_one(capsys: pytest.CaptureFixture[str], source: str) -> None:
    assert "refused" in said(capsys, "--source", source)


def test_a_configuration_that_keeps_and_shows(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ("privacy.allow_recording=true", "control.web.host=0.0.0.0", "privacy.consent=hand", "faces.occlusion_seconds=20",
                "privacy.forget_seconds=5", "control.resume=false", "control.osc.out_port=0")  # fmt: skip
    text = said(capsys, "--source", "0", *(part for one in settings for part in ("--set", one)))
    for words in (
        "by a raised hand",
        "until 5 s after",
        "recordings, snapshots allowed",
        "(0.0.0.0:8600, with the token)",
        "the show's state not written",
        "told by OSC nothing",
        "Pictures may be recorded here",
    ):
        assert words in text


def test_what_visitors_take_home_is_told_and_the_canvas_does_not_say_that_nothing_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert "taken home nothing" in said(capsys, "--source", "0")
    text = said(capsys, "--source", "0", "--set", "takeaways.enabled=true", "--set", "takeaways.keep_minutes=30")
    assert "deleted after 30 minutes" in text and "Pictures may be recorded here" in text and "Nothing is recorded" not in text


def test_what_people_bring_to_the_studio_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "--source", "0", "--set", "control.web.host=0.0.0.0")
    for words in (
        "photographs in the studio whoever may open it (0.0.0.0:8600, with the token) may bring some: in memory alone",
        "12 photographs and 300 MB at most",
        "30 minutes after it was touched last",
        "to a process of its own on this machine",
        "the bot another program",
    ):
        assert words in text, words
    assert "gallery" not in text
    for off in ("control.web.studio=false", "control.web.enabled=false"):
        text = said(capsys, "--set", off)
        assert "photographs in the studio nothing" in text and "a process of its own" not in text
    text = said(capsys, "--set", "takeaways.enabled=true", "--set", "takeaways.gallery=true")
    assert "stills of the gallery" in text and "while it is being made, it and its film are in memory" in text


def test_what_the_house_hears_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "told by MQTT nothing" in said(capsys, "--source", "0")
    assert "there are and were, to broker.local:1883" in said(capsys, "--set", "operation.mqtt.host=broker.local")


def test_a_clip_is_nobodys_secret(capsys: pytest.CaptureFixture[str]) -> None:
    assert "the source is no live camera, so nobody asks" in said(capsys)


def test_a_mistake_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["privacy", "--set", "privacy.consent=nod"]) == 2
    assert "privacy.consent: 'nod': must be 'off', 'hand' or 'smile'" in capsys.readouterr().err
