// The kernels of the search on a graphics card.
//
// All arithmetic is that of the processor's kernels: the same integers, the same bounds, the same energy. What differs
// is the order: every pixel at once, propagation from neighbours at a distance of 4, 2 and 1 that is read from one copy
// of the matches and written to another, and an occupancy that all pixels share and change by atomic additions. These
// are additions of integers, so that the occupancy is exact whenever a kernel has ended; what a pixel reads meanwhile
// depends on chance, and so does the result.
//
// Compiled for one side of a patch (PATCH), number of channels (CHANNELS), channels of the style (STYLE) and stride of
// the means (MEANS). Every kernel takes the same arguments and does one target pixel per thread.

typedef unsigned char byte_t;
typedef unsigned int word_t;

constexpr int RADIUS = PATCH / 2;
constexpr int TENT = 2 * PATCH - 1;
// What rounding to float can add to a bound that is exact otherwise.
constexpr float ROUNDING = 0.9999f;

// As the host writes it: eight bytes each, so that there is nothing between them.
struct Work {
    short *target;             // padded by RADIUS, CHANNELS a pixel
    const short *source;       // CHANNELS a pixel
    byte_t *target_means;       // MEANS a pixel
    const byte_t *source_means; // MEANS for each whole patch
    const word_t *paint;       // the style, a byte a channel
    byte_t *image;             // STYLE bytes a pixel
    const byte_t *allowed;     // where a match may be centred
    const byte_t *inside;      // which target pixels are made
    const byte_t *active;      // which are searched now
    const byte_t *stale;       // which are voted for now
    const float *modulation;   // how much the guides count; null: fully
    int *matches;              // read; y << 16 | x
    int *next;                 // written by `propagate`
    float *costs;
    int *change;               // the largest change of an integer by the last vote
    int *occupancy;            // of the patch around every source pixel, padded by RADIUS
    const float *factors;      // make an integer of a byte, by channel of the style
    long long width, height, source_width, source_height;
    double mean_scale, occupancy_cost, mean_factor;
};

struct Pixel {
    int x, y, place;
};

static __device__ bool here(const Work &w, Pixel &pixel)
{
    pixel.place = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (pixel.place >= (int)(w.width * w.height)) return false;
    pixel.x = pixel.place % (int)w.width;
    pixel.y = pixel.place / (int)w.width;
    return true;
}

static __device__ int *occupied(const Work &w, int match)
{
    long long across = w.source_width + 2 * RADIUS;
    return w.occupancy + ((match >> 16) + RADIUS) * across + (match & 0xFFFF) + RADIUS;
}

// One match more or less there: 1, 2 ... PATCH ... 2, 1 along both axes.
static __device__ void add_tent(const Work &w, int match, int sign)
{
    int *corner = occupied(w, match) - (PATCH - 1) * (w.source_width + 2 * RADIUS + 1);
    for (int j = 0; j < TENT; j++) {
        int row = PATCH - (j < PATCH ? PATCH - 1 - j : j - PATCH + 1);
        for (int i = 0; i < TENT; i++)
            atomicAdd(corner + i, sign * row * (PATCH - (i < PATCH ? PATCH - 1 - i : i - PATCH + 1)));
        corner += w.source_width + 2 * RADIUS;
    }
}

// The patch distance, or something not below `limit` as soon as it is known to be.
static __device__ float patch_distance(const Work &w, const Pixel &pixel, int match, float limit)
{
    long long stride = (w.width + 2 * RADIUS) * CHANNELS, source_stride = w.source_width * CHANNELS;
    const short *a = w.target + pixel.y * stride + pixel.x * CHANNELS;
    const short *b = w.source + ((match >> 16) - RADIUS) * source_stride + ((match & 0xFFFF) - RADIUS) * CHANNELS;
    float guided = w.modulation ? w.modulation[pixel.place] : 1.0f;
    int style = 0, guide = 0;
    float found = 0.0f;
    for (int j = 0; j < PATCH; j++) {
        for (int i = 0; i < PATCH; i++) {
            for (int c = 0; c < CHANNELS; c++) {
                int difference = a[i * CHANNELS + c] - b[i * CHANNELS + c];
                if (c < STYLE) style += difference * difference;
                else guide += difference * difference;
            }
        }
        found = w.modulation ? (float)style + (float)guide * guided : (float)(style + guide);
        if (found >= limit) return found;
        a += stride;
        b += source_stride;
    }
    return found;
}

// Take `candidate` for the match of a pixel if that costs less.
static __device__ void offer(const Work &w, const Pixel &pixel, int candidate, int &best, float &distance)
{
    int sx = candidate & 0xFFFF, sy = candidate >> 16;
    if (candidate == best || !w.allowed[sy * w.source_width + sx]) return;
    float unit = (float)w.occupancy_cost;
    float limit = distance + unit * (float)*occupied(w, best) - unit * (float)*occupied(w, candidate);
    if (limit <= 0.0f) return;
    const byte_t *a = w.target_means + (long long)pixel.place * MEANS;
    const byte_t *b = w.source_means +
                      ((sy - RADIUS) * (w.source_width - 2 * RADIUS) + sx - RADIUS) * (long long)MEANS;
    int apart = 0;
    for (int c = 0; c < CHANNELS; c++) { // both are rounded, so that they differ by one less at least
        int difference = a[c] > b[c] ? a[c] - b[c] - 1 : b[c] - a[c] - 1;
        if (difference > 0) apart += difference * difference;
    }
    // Modulation is at most 1, so that it bounds the part of the style too.
    float guided = w.modulation ? w.modulation[pixel.place] : 1.0f;
    if ((float)apart * (float)w.mean_scale * guided * ROUNDING >= limit) return;
    float found = patch_distance(w, pixel, candidate, limit);
    if (found >= limit) return;
    add_tent(w, candidate, 1);
    add_tent(w, best, -1);
    best = candidate;
    distance = found;
}

// Add every match to an occupancy of zeros.
extern "C" __global__ void occupy(const Work *work, int unused, word_t unused_too)
{
    const Work w = *work;
    Pixel pixel;
    if (here(w, pixel) && w.inside[pixel.place]) add_tent(w, w.matches[pixel.place], 1);
}

// Bring the cost of an active pixel, and the means of the style around it, up to date.
extern "C" __global__ void measure(const Work *work, int unused, word_t unused_too)
{
    const Work w = *work;
    Pixel pixel;
    if (!here(w, pixel) || !w.active[pixel.place]) return;
    long long stride = (w.width + 2 * RADIUS) * CHANNELS;
    for (int c = 0; c < STYLE; c++) {
        const short *values = w.target + pixel.y * stride + pixel.x * CHANNELS + c;
        int total = 0;
        for (int j = 0; j < PATCH; j++)
            for (int i = 0; i < PATCH; i++) total += values[j * stride + i * CHANNELS];
        float scale = (float)w.mean_factor / (float)(PATCH * PATCH);
        w.target_means[(long long)pixel.place * MEANS + c] = (byte_t)floorf((float)total * scale + 0.5f);
    }
    w.costs[pixel.place] = patch_distance(w, pixel, w.matches[pixel.place], 3.0e38f);
}

// Offer what the neighbours at a distance of `jump` have, moved by as much.
extern "C" __global__ void propagate(const Work *work, int jump, word_t unused)
{
    const Work w = *work;
    Pixel pixel;
    if (!here(w, pixel)) return;
    int best = w.matches[pixel.place];
    if (w.active[pixel.place]) {
        float distance = w.costs[pixel.place];
        for (int side = 0; side < 4; side++) {
            int dx = side == 0 ? -jump : side == 1 ? jump : 0;
            int dy = side == 2 ? -jump : side == 3 ? jump : 0;
            int x = pixel.x + dx, y = pixel.y + dy;
            if (x < 0 || y < 0 || x >= w.width || y >= w.height || !w.inside[y * w.width + x]) continue;
            int match = w.matches[y * w.width + x];
            int sx = (match & 0xFFFF) - dx, sy = (match >> 16) - dy;
            if (sx < RADIUS || sy < RADIUS || sx >= w.source_width - RADIUS || sy >= w.source_height - RADIUS) continue;
            offer(w, pixel, (sy << 16) | sx, best, distance);
        }
        w.costs[pixel.place] = distance;
    }
    w.next[pixel.place] = best;
}

// Offer a place drawn from the square of radius `reach` around the match.
extern "C" __global__ void draw(const Work *work, int reach, word_t seed)
{
    const Work w = *work;
    Pixel pixel;
    if (!here(w, pixel) || !w.active[pixel.place]) return;
    int best = w.matches[pixel.place];
    float distance = w.costs[pixel.place];
    word_t noise = (word_t)(pixel.y * 65599 + pixel.x) ^ seed;
    noise = (noise ^ (noise >> 16)) * 0x7FEB352Du;
    noise = (noise ^ (noise >> 15)) * 0x846CA68Bu;
    noise ^= noise >> 16;
    int x = best & 0xFFFF, y = best >> 16;
    int right = (int)w.source_width - 1 - RADIUS, bottom = (int)w.source_height - 1 - RADIUS;
    int left = x - reach > RADIUS ? x - reach : RADIUS, top = y - reach > RADIUS ? y - reach : RADIUS;
    right = x + reach < right ? x + reach : right;
    bottom = y + reach < bottom ? y + reach : bottom;
    int sx = left + (int)((noise & 0xFFFFu) * (word_t)(right - left + 1) >> 16);
    int sy = top + (int)((noise >> 16) * (word_t)(bottom - top + 1) >> 16);
    int held = best;
    offer(w, pixel, (sy << 16) | sx, best, distance);
    if (best != held) {
        w.matches[pixel.place] = best;
        w.costs[pixel.place] = distance;
    }
}

// Give a stale pixel the mean of what the patches around it lay over it, rounded.
extern "C" __global__ void vote(const Work *work, int unused, word_t unused_too)
{
    const Work w = *work;
    Pixel pixel;
    if (!here(w, pixel)) return;
    w.change[pixel.place] = 0;
    if (!w.stale[pixel.place]) return;
    int sums[4] = {0, 0, 0, 0}, count = 0;
    for (int j = -RADIUS; j <= RADIUS; j++) {
        for (int i = -RADIUS; i <= RADIUS; i++) {
            int x = pixel.x + i, y = pixel.y + j;
            if (x < 0 || y < 0 || x >= w.width || y >= w.height || !w.inside[y * w.width + x]) continue;
            int match = w.matches[y * w.width + x];
            word_t colour = w.paint[((match >> 16) - j) * w.source_width + (match & 0xFFFF) - i];
            for (int c = 0; c < 4; c++) sums[c] += colour >> 8 * c & 0xFF;
            count++;
        }
    }
    if (count == 0) return;
    long long middle = ((pixel.y + RADIUS) * (w.width + 2 * RADIUS) + pixel.x + RADIUS) * CHANNELS;
    int largest = 0;
    for (int c = 0; c < STYLE; c++) {
        float mean = (float)sums[c] * (1.0f / (float)count);
        int value = (int)floorf(mean * w.factors[c] + 0.5f), before = w.target[middle + c];
        int moved = value > before ? value - before : before - value;
        largest = moved > largest ? moved : largest;
        w.target[middle + c] = (short)value;
        w.image[(long long)pixel.place * STYLE + c] = (byte_t)floorf(mean + 0.5f);
    }
    w.change[pixel.place] = largest;
}

// Repeat the edge of the picture in the padding around it; as many threads as pixels, each for the padding it is next to.
extern "C" __global__ void repeat_edges(const Work *work, int unused, word_t unused_too)
{
    const Work w = *work;
    Pixel pixel;
    if (!here(w, pixel)) return;
    int left = pixel.x == 0 ? RADIUS : 0, right = pixel.x == w.width - 1 ? RADIUS : 0;
    int up = pixel.y == 0 ? RADIUS : 0, down = pixel.y == w.height - 1 ? RADIUS : 0;
    if (!(left | right | up | down)) return;
    long long stride = (w.width + 2 * RADIUS) * CHANNELS;
    const short *middle = w.target + (pixel.y + RADIUS) * stride + (pixel.x + RADIUS) * CHANNELS;
    for (int j = -up; j <= down; j++)
        for (int i = -left; i <= right; i++)
            for (int c = 0; c < STYLE; c++)
                w.target[(pixel.y + RADIUS + j) * stride + (pixel.x + RADIUS + i) * CHANNELS + c] = middle[c];
}
