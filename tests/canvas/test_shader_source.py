import pytest

from installation.canvas.opengl.shader_source import SHADERS, ShaderError, expand

FILES = {
    "main.frag": '#version 330\n#include "a.glsl"\n#include "b.glsl"\nvoid main() {}\n',
    "a.glsl": 'float a;\n#include "b.glsl"  // again',
    "b.glsl": "float b;",
    "loop.frag": '#version 330\n#include "loop.glsl"\n',
    "loop.glsl": '#include "loop.glsl"\n',
    "far.frag": '#version 330\n#include "far.glsl"\n',
    "far.glsl": '#include "far2.glsl"\n',
    "far2.glsl": '#include "far.glsl"\n',
    "lost.frag": '#version 330\n\n#include "nowhere.glsl"\n',
    "bare.frag": "void main() {}\n",
    "late.frag": '#version 330\n#include "late.glsl"\n',
    "late.glsl": "#version 330\n",
}


def test_includes_come_once_and_definitions_after_the_version():
    lines = expand("main.frag", {"PI": 3.0, "COUNT": 4, "SMALL": 1e-9}, FILES.__getitem__).splitlines()
    assert lines == [
        "#version 330",
        "#define PI 3.0",
        "#define COUNT 4",
        "#define SMALL 1e-09",
        "float a;",
        "float b;",
        "void main() {}",
    ]


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("loop.frag", "loop.glsl:1"),
        ("far.frag", "far2.glsl:1"),
        ("lost.frag", "lost.frag:3"),
        ("bare.frag", "bare.frag:1"),
        ("late.frag", "late.frag:2"),
    ],
)
def test_faults_name_file_and_line(name, where):
    with pytest.raises(ShaderError, match=where):
        expand(name, {}, FILES.__getitem__)


def test_every_shipped_shader_can_be_put_together():
    names = [file.name for file in SHADERS.iterdir() if file.suffix in (".vert", ".frag")]
    assert len(names) >= 7
    for name in names:
        assert expand(name, {}).startswith("#version 330\n")


def test_a_missing_shader_is_named():
    with pytest.raises(ShaderError, match=r"nothing\.frag"):
        expand("nothing.frag", {})
