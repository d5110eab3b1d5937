#version 330
// A superellipse with a soft rim. Colour leaves premultiplied; what hides nothing is added.
uniform float power;
in vec2 place;
flat in vec4 where;
flat in vec3 shape;
flat in vec4 colours;
out vec4 colour;

void main() {
    vec2 off = place - where.xy;
    vec2 axes = vec2(off.x * shape.x + off.y * shape.y, off.y * shape.x - off.x * shape.y) / where.zw;
    axes = abs(axes);
    float away = power == 2.0 ? length(axes) : pow(pow(axes.x, power) + pow(axes.y, power), 1.0 / power);
    float t = clamp((1.0 - away) / shape.z, 0.0, 1.0);
    colour = colours * (t * t * (3.0 - 2.0 * t));
}
