/* An NVML with one card, for tests of who calls it: what it says stands in the file named by FAKE_NVML, anew at each
 * call, as "degrees milliwatts used_mib pid pid_mib percent". A word "-" stands for "this card does not tell". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned gpu, memory; } rates_t;
typedef struct { unsigned pid; unsigned long long used; unsigned instance, compute_instance; } program_t;

enum { SUCCESS = 0, INVALID = 2, UNSUPPORTED = 3, TOO_SMALL = 7 };
static int card;

static int word(int index, unsigned long long *value) {
    char text[6][32];
    FILE *file = fopen(getenv("FAKE_NVML") ? getenv("FAKE_NVML") : "", "r");
    if (!file) return 0;
    int found = fscanf(file, "%31s %31s %31s %31s %31s %31s", text[0], text[1], text[2], text[3], text[4], text[5]);
    fclose(file);
    if (found != 6 || !strcmp(text[index], "-")) return 0;
    *value = strtoull(text[index], NULL, 10);
    return 1;
}

int nvmlInit_v2(void) { return SUCCESS; }
int nvmlShutdown(void) { return SUCCESS; }
int nvmlSystemGetDriverVersion(char *text, unsigned length) { snprintf(text, length, "999.1"); return SUCCESS; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 1; return SUCCESS; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) { *handle = &card; return index ? INVALID : SUCCESS; }

int nvmlDeviceGetName(void *handle, char *name, unsigned length) {
    if (handle != &card || length < 96) return INVALID;
    strcpy(name, "Toy RTX");
    return SUCCESS;
}

int nvmlDeviceGetUUID(void *handle, char *mark, unsigned length) {
    if (handle != &card || length < 96) return INVALID;
    strcpy(mark, "GPU-8f2a-toy");
    return SUCCESS;
}

int nvmlDeviceGetTemperature(void *handle, unsigned sensor, unsigned *degrees) {
    unsigned long long value;
    if (handle != &card || sensor) return INVALID;
    if (!word(0, &value)) return UNSUPPORTED;
    *degrees = (unsigned)value;
    return SUCCESS;
}

int nvmlDeviceGetPowerUsage(void *handle, unsigned *milliwatts) {
    unsigned long long value;
    if (handle != &card || !word(1, &value)) return UNSUPPORTED;
    *milliwatts = (unsigned)value;
    return SUCCESS;
}

int nvmlDeviceGetUtilizationRates(void *handle, rates_t *rates) {
    unsigned long long value;
    if (handle != &card || !word(5, &value)) return UNSUPPORTED;
    rates->gpu = (unsigned)value;
    rates->memory = 1;
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(void *handle, memory_t *memory) {
    unsigned long long value;
    if (handle != &card || !word(2, &value)) return UNSUPPORTED;
    memory->total = 24ULL << 30;
    memory->used = value << 20;
    memory->free = memory->total - memory->used;
    return SUCCESS;
}

/* Seventy programs, so that whoever asks with too little room has to ask again. */
int nvmlDeviceGetComputeRunningProcesses_v3(void *handle, unsigned *count, program_t *programs) {
    unsigned long long pid, taken;
    if (handle != &card) return INVALID;
    if (!word(3, &pid)) { *count = 0; return SUCCESS; }
    if (*count < 70) { *count = 70; return TOO_SMALL; }
    for (unsigned index = 0; index < 70; index++) {
        programs[index].pid = index == 69 ? (unsigned)pid : 4000000 + index;
        programs[index].used = index == 69 && word(4, &taken) ? taken << 20 : ~0ULL;
    }
    *count = 70;
    return SUCCESS;
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(void *handle, unsigned *count, program_t *programs) {
    (void)programs;
    *count = 0;
    return handle == &card ? SUCCESS : INVALID;
}
