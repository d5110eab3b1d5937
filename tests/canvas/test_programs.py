import os

import pytest

from installation.canvas.opengl import shader_source
from installation.canvas.opengl.shader_source import ShaderError

pytest.importorskip("moderngl")
programs_module = pytest.importorskip("installation.canvas.opengl.programs")
hardware = pytest.importorskip("installation.canvas.opengl.renderer")

pytestmark = pytest.mark.gl

VERTEX = "#version 330\nin vec2 corner;\nvoid main() { gl_Position = vec4(corner, 0.0, 1.0); }\n"
FRAGMENT = "#version 330\nout vec4 colour;\nvoid main() { colour = vec4(LEVEL); }\n"


def test_a_bad_reload_keeps_the_last_good_program(tmp_path, monkeypatch):
    try:
        context = hardware.open_context(standalone=True)
    except Exception as err:
        pytest.skip(f"no OpenGL here: {err}")
    monkeypatch.setattr(programs_module, "SHADERS", tmp_path)
    monkeypatch.setattr(shader_source, "SHADERS", tmp_path)
    (tmp_path / "a.vert").write_text(VERTEX)
    shader = tmp_path / "a.frag"

    def save(text: str, when: float) -> None:
        shader.write_text(text)
        os.utime(shader, (when, when))

    save(FRAGMENT, 2e9)
    programs = programs_module.Programs(context, {"LEVEL": 0.5})
    good = programs.get("a.vert", "a.frag")
    assert programs.get("a.vert", "a.frag") is good
    assert not programs.reload()

    save("#version 330\nnonsense\n", 2e9 + 1)
    assert not programs.reload()
    assert programs.get("a.vert", "a.frag") is good
    assert "a.frag" in programs.fault

    save(FRAGMENT.replace("LEVEL", "1.0"), 2e9 + 2)
    assert programs.reload()
    assert programs.get("a.vert", "a.frag") is not good
    assert programs.fault == ""

    save("nonsense", 2e9 + 3)
    with pytest.raises(ShaderError):
        programs_module.Programs(context, {}).get("a.vert", "a.frag")
    context.release()
