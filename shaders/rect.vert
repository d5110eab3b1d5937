#version 330
// A rectangle of the canvas. Row 0 of every target is the picture's top row, as in an image file.
uniform vec4 rect;  // px: left, top, width, height
uniform vec2 canvas;  // px
in vec2 corner;  // 0..1
out vec2 uv;
out vec2 place;  // px of the canvas

void main() {
    uv = corner;
    place = rect.xy + corner * rect.zw;
    gl_Position = vec4(place / canvas * 2.0 - 1.0, 0.0, 1.0);
}
