// Keys' cubic with a = -0.75, the one of OpenCV.
vec4 cubic_weights(float t) {
    const float a = -0.75;
    float u = 1.0 + t, v = 1.0 - t, w = 2.0 - t;
    vec4 s;
    s.x = ((a * u - 5.0 * a) * u + 8.0 * a) * u - 4.0 * a;
    s.y = ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0;
    s.z = ((a + 2.0) * v - (a + 3.0)) * v * v + 1.0;
    s.w = 1.0 - s.x - s.y - s.z;
    return s;
}

vec3 cubic(sampler2D picture, vec2 uv) {
    ivec2 size = textureSize(picture, 0);
    vec2 at = uv * vec2(size) - 0.5;
    ivec2 corner = ivec2(floor(at));
    vec4 across = cubic_weights(at.x - floor(at.x)), down = cubic_weights(at.y - floor(at.y));
    vec3 sum = vec3(0.0);
    for (int y = 0; y < 4; ++y) {
        for (int x = 0; x < 4; ++x) {
            ivec2 texel = clamp(corner + ivec2(x - 1, y - 1), ivec2(0), size - 1);
            sum += across[x] * down[y] * texelFetch(picture, texel, 0).rgb;
        }
    }
    return clamp(sum, 0.0, 1.0);
}
