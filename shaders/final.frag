#version 330
// The last pass: grain and blackout.
uniform sampler2D scene;
uniform sampler2D grain;  // standard deviation 1
uniform ivec2 shift;
uniform float grain_amount;
uniform float blackout;
in vec2 place;
out vec4 colour;

void main() {
    ivec2 at = ivec2(place);
    vec3 seen = texelFetch(scene, at, 0).rgb;
    seen += texelFetch(grain, at + shift, 0).r * grain_amount * GRAIN_LEVELS / 255.0;
    colour = vec4(clamp(seen, 0.0, 1.0) * (1.0 - blackout), 1.0);
}
