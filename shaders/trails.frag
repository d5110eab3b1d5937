#version 330
// Feedback: what was there before stays by a share that the time since then gives.
uniform sampler2D scene;
uniform sampler2D before;
uniform float share;
in vec2 place;
out vec4 colour;

void main() {
    ivec2 at = ivec2(place);
    colour = vec4(mix(texelFetch(scene, at, 0).rgb, texelFetch(before, at, 0).rgb, share), 1.0);
}
