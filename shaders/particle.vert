#version 330
// One particle of many: a square around it.
uniform vec2 canvas;  // px
in vec2 corner;  // 0..1
in vec4 at;  // px: its middle, its half axes
in vec3 turned;  // cosine, sine, softness
in vec4 paint;  // colour, how much of what is behind it is hidden
out vec2 place;  // px of the canvas
flat out vec4 where;
flat out vec3 shape;
flat out vec4 colours;

void main() {
    float reach = ceil(max(at.z, at.w)) + 1.0;
    place = floor(at.xy) + 0.5 + (corner * 2.0 - 1.0) * (reach + 0.5);
    where = at;
    shape = turned;
    colours = paint;
    gl_Position = vec4(place / canvas * 2.0 - 1.0, 0.0, 1.0);
}
