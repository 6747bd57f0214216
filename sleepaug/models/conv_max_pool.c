/* A convolution with 8 filters and the maximum over POOL neighbours that follows it, on rows of
   n_times samples of n_in channels, zeros around them. See compiled.py. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define N_OUT 8
typedef float filters __attribute__((vector_size(4 * N_OUT), aligned(4), may_alias));
typedef int32_t choices __attribute__((vector_size(4 * N_OUT)));

typedef struct {
    long n_rows, n_times, n_in, n_taps, padding, n_pools;
} sizes;

/* Room for a row with zeros around it. */
static float *row_buffer(const sizes *s, long *inside, long *used)
{
    long reach = (s->n_pools * POOL + s->n_taps - 1) * s->n_in;
    *inside = s->padding * s->n_in;
    *used = s->n_times * s->n_in < reach - *inside ? s->n_times * s->n_in : reach - *inside;
    return calloc(reach, sizeof(float));
}

/* The sums of POOL neighbours are held in registers; n_in is a constant where this is inlined. */
static inline __attribute__((always_inline)) void
one_row(const float *x, const float *weight, long n_weights, long n_pools, long n_in,
        float *restrict value, uint8_t *restrict winner)
{
    for (long p = 0; p < n_pools; p++, x += POOL * n_in) {
        filters sum[POOL] = {0};
        for (long i = 0; i < n_weights; i++) {
            filters w = *(const filters *)(weight + N_OUT * i);
            for (int k = 0; k < POOL; k++) sum[k] += x[k * n_in + i] * w;
        }
        filters best = sum[0];
        choices which = {0};
        for (int k = 1; k < POOL; k++) {
            choices above = sum[k] > best;
            best = (filters)((above & (choices)sum[k]) | (~above & (choices)best));
            which = (above & k) | (~above & which);
        }
        *(filters *)(value + p * N_OUT) = best;
        for (int f = 0; f < N_OUT; f++) winner[p * N_OUT + f] = (uint8_t)which[f];
    }
}

/* weight (n_taps, n_in, 8); value and winner (n_rows, n_pools, 8). Returns 0, or 1 without memory.
 */
int forward(const sizes *s, const float *x, const float *weight, float *value, uint8_t *winner)
{
    long inside, used, n_weights = s->n_taps * s->n_in, n_values = s->n_pools * N_OUT;
    float *row = row_buffer(s, &inside, &used);
    if (!row) return 1;
    for (long r = 0; r < s->n_rows; r++) {
        memcpy(row + inside, x + r * s->n_times * s->n_in, used * sizeof(float));
        float *v = value + r * n_values;
        uint8_t *w = winner + r * n_values;
        if (s->n_in == 1) one_row(row, weight, n_weights, s->n_pools, 1, v, w);
        else if (s->n_in == 8) one_row(row, weight, n_weights, s->n_pools, 8, v, w);
        else one_row(row, weight, n_weights, s->n_pools, s->n_in, v, w);
    }
    free(row);
    return 0;
}

/* weight and of_weight (8, n_taps, n_in); adds to of_weight, writes of_x unless it is NULL. */
int backward(const sizes *s, const float *x, const float *restrict weight, const float *grad,
             const uint8_t *winner, float *of_x, float *restrict of_weight)
{
    long inside, used, n_weights = s->n_taps * s->n_in, n_row = s->n_times * s->n_in;
    float *restrict row = row_buffer(s, &inside, &used);
    float *restrict of_row = row_buffer(s, &inside, &used);
    int failed = !row || !of_row;
    long reach = (s->n_pools * POOL + s->n_taps - 1) * s->n_in;
    for (long r = 0; !failed && r < s->n_rows; r++) {
        memcpy(row + inside, x + r * n_row, used * sizeof(float));
        memset(of_row, 0, reach * sizeof(float));
        for (long p = 0; p < s->n_pools; p++)
            for (int f = 0; f < N_OUT; f++, grad++, winner++) {
                float g = *grad;
                if (g == 0) continue; /* half of them, behind a ReLU */
                long start = (p * POOL + *winner) * s->n_in;
                for (long i = 0; i < n_weights; i++)
                    of_weight[f * n_weights + i] += g * row[start + i];
                if (of_x)
                    for (long i = 0; i < n_weights; i++)
                        of_row[start + i] += g * weight[f * n_weights + i];
            }
        if (of_x) {
            memset(of_x + r * n_row, 0, n_row * sizeof(float));
            memcpy(of_x + r * n_row, of_row + inside, used * sizeof(float));
        }
    }
    free(row);
    free(of_row);
    return failed;
}
