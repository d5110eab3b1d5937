// Pictures on their way to a GPU, on it, and back. Picture bytes are red, green, blue, row by row, without gaps; on the GPU a
// pixel of the frame is one word, red lowest. Pinned memory of the host is read and written where it lies.
// pictures_twin.py does the same arithmetic in numpy: whoever changes one changes both.

typedef unsigned char byte;

// A frame in: four pixels are twelve bytes, three words of pinned memory. words: 3 x quads; pixels: 4 x quads.
extern "C" __global__ void take_frame(const unsigned int* words, uint4* pixels, int quads)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= quads) return;
    unsigned int a = words[3 * i], b = words[3 * i + 1], c = words[3 * i + 2];
    pixels[i] = make_uint4(a & 0xffffffu, (a >> 24) | ((b & 0xffffu) << 8), (b >> 16) | ((c & 0xffu) << 16), c >> 8);
}

// Outside of 0 ... count - 1 the picture is mirrored about its outermost pixels, as OpenCV's BORDER_REFLECT_101.
__device__ int mirrored(int at, int count)
{
    if (count == 1) return 0;
    int period = 2 * count - 2;
    at = (at < 0 ? -at : at) % period;
    return at < count ? at : period - at;
}

// The mean of a block of shrink x shrink pixels, in whole grey levels.
__device__ float3 block_mean(const unsigned int* pixels, int width, int column, int row, int shrink)
{
    unsigned int red = 0, green = 0, blue = 0, area = shrink * shrink;
    for (int y = row * shrink; y < (row + 1) * shrink; ++y)
        for (int x = column * shrink; x < (column + 1) * shrink; ++x) {
            unsigned int pixel = pixels[y * width + x];
            red += pixel & 0xffu;
            green += (pixel >> 8) & 0xffu;
            blue += (pixel >> 16) & 0xffu;
        }
    return make_float3((2 * red + area) / (2 * area), (2 * green + area) / (2 * area), (2 * blue + area) / (2 * area));
}

__device__ byte between(float p00, float p10, float p01, float p11, float x, float y)
{
    float upper = p00 + (p10 - p00) * x, lower = p01 + (p11 - p01) * x;
    return (byte)rintf(upper + (lower - upper) * y);
}

// The crops of all faces: one thread a pixel of a crop, blockIdx.y the face. cuts: eight numbers a face, the affine matrix from
// pixels of the crop to blocks of the frame (row by row), the side of a block in pixels, and nothing. crops: faces x size x size x 3.
extern "C" __global__ void cut_faces(const unsigned int* pixels, int width, int height, const float* cuts, byte* crops, int size)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size * size) return;
    const float* cut = cuts + 8 * blockIdx.y;
    float u = i % size, v = i / size;
    int shrink = (int)cut[6], columns = width / shrink, rows = height / shrink;
    float x = fminf(fmaxf(cut[0] * u + cut[1] * v + cut[2], -1e6f), 1e6f);
    float y = fminf(fmaxf(cut[3] * u + cut[4] * v + cut[5], -1e6f), 1e6f);
    int left = (int)floorf(x), top = (int)floorf(y);
    float dx = x - left, dy = y - top;
    int x0 = mirrored(left, columns), x1 = mirrored(left + 1, columns);
    int y0 = mirrored(top, rows), y1 = mirrored(top + 1, rows);
    float3 p00 = block_mean(pixels, width, x0, y0, shrink), p10 = block_mean(pixels, width, x1, y0, shrink);
    float3 p01 = block_mean(pixels, width, x0, y1, shrink), p11 = block_mean(pixels, width, x1, y1, shrink);
    byte* out = crops + 3 * ((long long)blockIdx.y * size * size + i);
    out[0] = between(p00.x, p10.x, p01.x, p11.x, dx, dy);
    out[1] = between(p00.y, p10.y, p01.y, p11.y, dx, dy);
    out[2] = between(p00.z, p10.z, p01.z, p11.z, dx, dy);
}

// Pictures out: from whatever order the networks leave them in, given by the strides in bytes, to pinned memory without gaps. One
// thread writes four pixels, three words; count: pixels of all pictures.
extern "C" __global__ void give_pictures(
    const byte* from, unsigned int* words, long long count, int height, int width, long long next, long long down, long long right, long long plane)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (4 * i >= count) return;
    byte bytes[12];
    int there = count - 4 * i < 4 ? (int)(count - 4 * i) : 4;
    for (int k = 0; k < there; ++k) {
        long long at = 4 * i + k, line = at / width;
        const byte* pixel = from + line / height * next + line % height * down + at % width * right;
        for (int channel = 0; channel < 3; ++channel) bytes[3 * k + channel] = pixel[channel * plane];
    }
    if (there == 4)
        for (int k = 0; k < 3; ++k)
            words[3 * i + k] = bytes[4 * k] | bytes[4 * k + 1] << 8 | bytes[4 * k + 2] << 16 | (unsigned int)bytes[4 * k + 3] << 24;
    else
        for (int k = 0; k < 3 * there; ++k) ((byte*)(words + 3 * i))[k] = bytes[k];
}
