#version 330
// The canvas on the window, whose row 0 is at the bottom.
in vec2 corner;
out vec2 uv;

void main() {
    uv = vec2(corner.x, 1.0 - corner.y);
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
