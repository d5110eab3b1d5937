#version 330
#include "vignette.glsl"
#include "cubic.glsl"
// One portrait: enlarged with a cubic, graded, cut by a soft superellipse. Colour leaves premultiplied.
uniform sampler2D picture;
uniform sampler2D curve;  // 256 x 1
uniform mat3 tint;
uniform vec2 canvas;
uniform float vignette_amount;
uniform float feather;
uniform float opacity;
uniform bool mirror;
uniform bool square;  // shown to its edges
in vec2 uv;
in vec2 place;
out vec4 colour;

float graded(float level) {
    return texture(curve, vec2((level * 255.0 + 0.5) / 256.0, 0.5)).r;
}

void main() {
    vec2 off = abs(uv * 2.0 - 1.0) / vec2(MASK_WIDTH, MASK_HEIGHT);
    float away = pow(pow(off.x, MASK_POWER) + pow(off.y, MASK_POWER), 1.0 / MASK_POWER);
    float mask = square ? 1.0 : 1.0 - smoothstep(1.0 - feather, 1.0, away);
    if (mask <= 0.0) discard;
    vec3 seen = cubic(picture, mirror ? vec2(1.0 - uv.x, uv.y) : uv);
    seen = clamp(tint * seen, 0.0, 1.0);
    seen = vec3(graded(seen.r), graded(seen.g), graded(seen.b));
    float share = mask * opacity;
    colour = vec4(seen * share * mix(RIM_LIGHT, 1.0, mask * mask) * vignette(place, canvas, vignette_amount), share);
}
