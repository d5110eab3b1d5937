#version 330
// The wall: light from a small map, dithered before the palette so that dark gradients do not fall into bands; the camera's
// picture, small and dim already, on top of it.
uniform sampler2D light;
uniform sampler2D noise;  // around 8 levels
uniform sampler2D palette;  // 256 x 1
uniform sampler2D camera;
uniform float room;
uniform bool with_camera;
in vec2 uv;
in vec2 place;
out vec4 colour;

void main() {
    float level = floor(texture(light, uv).r * 255.0 + 0.5) + floor(texelFetch(noise, ivec2(place), 0).r * 255.0 + 0.5) - 8.0;
    vec3 wall = texelFetch(palette, ivec2(int(clamp(level, 0.0, 255.0)), 0), 0).rgb * room;
    if (with_camera) wall += texture(camera, uv).rgb;
    colour = vec4(min(wall, vec3(1.0)), 1.0);
}
