#version 330
#include "vignette.glsl"
#include "cubic.glsl"
// The camera's picture on the canvas: enlarged with a cubic, sharpened a little, graded. Colour leaves premultiplied.
uniform sampler2D picture;
uniform sampler2D curve;  // 256 x 1
uniform mat3 tint;
uniform vec2 canvas;
uniform vec4 seen;  // part of the picture that can be seen, 0..1: left, top, width, height
uniform float vignette_amount;
uniform float sharpen;
uniform float share;
uniform sampler2D people;  // of the picture's shape, 1 where a person is
uniform float hidden;  // 0..1, how much of the room around them gives way to what is behind
uniform bool mirror;
in vec2 uv;
in vec2 place;
out vec4 colour;

float graded(float level) {
    return texture(curve, vec2((level * 255.0 + 0.5) / 256.0, 0.5)).r;
}

void main() {
    vec2 at = seen.xy + (mirror ? vec2(1.0 - uv.x, uv.y) : uv) * seen.zw;
    vec3 light = cubic(picture, at);
    if (sharpen > 0.0) {
        // A small cross in pixels of the canvas: near enough to a blur of the same width.
        vec2 step = fwidth(at);
        vec3 around = cubic(picture, at + vec2(step.x, 0.0)) + cubic(picture, at - vec2(step.x, 0.0))
            + cubic(picture, at + vec2(0.0, step.y)) + cubic(picture, at - vec2(0.0, step.y));
        light = clamp(light + sharpen * (light - (light + around) / 5.0), 0.0, 1.0);
    }
    light = clamp(tint * light, 0.0, 1.0);
    light = vec3(graded(light.r), graded(light.g), graded(light.b));
    float there = hidden > 0.0 ? share * (1.0 - hidden * (1.0 - texture(people, at).r)) : share;
    colour = vec4(light * there * vignette(place, canvas, vignette_amount), there);
}
