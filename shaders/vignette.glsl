// How much light is left at a place of the canvas, 0..1.
float vignette(vec2 place, vec2 canvas, float amount) {
    vec2 p = place * 2.0 / canvas - 1.0;
    return 1.0 - VIGNETTE_DEPTH * amount * smoothstep(VIGNETTE_BEGINS, VIGNETTE_ENDS, length(p) * 0.70710678);
}
