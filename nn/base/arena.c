#include "base/arena.h"

#include "base/size.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define TW_ARENA_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TW_ARENA_POISONS 1
#endif
#endif

#ifdef TW_ARENA_POISONS
#include <sanitizer/asan_interface.h>
#define POISON(start, bytes) __asan_poison_memory_region(start, bytes)
#define UNPOISON(start, bytes) __asan_unpoison_memory_region(start, bytes)
enum { GAP_BYTES = 32, GUARD_BYTES = 1 << 20 };
#else
#define POISON(start, bytes) ((void)(start), (void)(bytes))
#define UNPOISON(start, bytes) ((void)(start), (void)(bytes))
enum { GAP_BYTES = 0 };
#endif

enum { PAGE_BYTES = 4096 };

static size_t whole_pages(size_t bytes)
{
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

/* Poisons ahead of `used`. Not the whole reservation at once: an eighth of it would have to be written. */
static void guard(struct tw_arena *arena)
{
#ifdef TW_ARENA_POISONS
    size_t left = arena->limit - arena->used;
    if (arena->guarded >= arena->used + (left < GUARD_BYTES ? left : GUARD_BYTES))
        return;
    /* Twice as far, so that small pieces do not come here each time. */
    size_t wanted = arena->used + (left < 2 * GUARD_BYTES ? left : 2 * GUARD_BYTES);
    POISON(arena->base + arena->guarded, wanted - arena->guarded);
    arena->guarded = wanted;
#else
    (void)arena;
#endif
}

bool tw_arena_begin(struct tw_arena *arena, size_t limit_bytes, struct tw_error *err)
{
    *arena = (struct tw_arena){0};
    size_t reserved = whole_pages(limit_bytes ? limit_bytes : 1);
    void *base =
        mmap(NULL, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return tw_fail_errno(err, TW_INTERNAL, NULL, "lower the memory limits in the configuration",
            "cannot reserve %zu bytes of memory", reserved);
    arena->base = base;
    arena->limit = reserved;
    guard(arena);
    return true;
}

void tw_arena_end(struct tw_arena *arena)
{
    if (arena->base) {
        UNPOISON(arena->base, arena->guarded);
        munmap(arena->base, arena->limit);
    }
    *arena = (struct tw_arena){0};
}

static void *take_aligned(struct tw_arena *arena, size_t bytes, size_t alignment)
{
    size_t start = (arena->used + alignment - 1) / alignment * alignment;
    size_t end;
    if (!arena->base || !tw_size_add(start, bytes, &end) || !tw_size_add(end, GAP_BYTES, &end) ||
        end > arena->limit) {
        arena->full = true;
        return NULL;
    }
    arena->used = end;
    if (end > arena->highest)
        arena->highest = end;
    guard(arena);
    UNPOISON(arena->base + start, bytes);
    return arena->base + start;
}

void *tw_arena_take(struct tw_arena *arena, size_t bytes)
{
    return take_aligned(arena, bytes, 16);
}

void *tw_arena_aligned(struct tw_arena *arena, size_t bytes)
{
    return take_aligned(arena, bytes, 64);
}

void *tw_arena_array(struct tw_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (!tw_size_multiply(count, size, &bytes)) {
        arena->full = true;
        return NULL;
    }
    void *piece = take_aligned(arena, bytes, 16);
    if (piece)
        memset(piece, 0, bytes);
    return piece;
}

struct tw_text tw_arena_copy(struct tw_arena *arena, struct tw_text text)
{
    struct tw_text copy = {NULL, 0};
    size_t bytes;
    if (!tw_size_add(text.length, 1, &bytes)) {
        arena->full = true;
        return copy;
    }
    char *piece = take_aligned(arena, bytes, 16);
    if (!piece)
        return copy;
    if (text.length)
        memcpy(piece, text.bytes, text.length);
    piece[text.length] = '\0';
    copy.bytes = piece;
    copy.length = text.length;
    return copy;
}

size_t tw_arena_mark(const struct tw_arena *arena)
{
    return arena->used;
}

void tw_arena_rewind(struct tw_arena *arena, size_t mark)
{
    if (arena->base && mark < arena->used)
        POISON(arena->base + mark, arena->used - mark);
    arena->used = mark;
    arena->full = false;
}

void tw_arena_reset(struct tw_arena *arena, size_t keep_bytes)
{
    tw_arena_rewind(arena, 0);
    size_t keep = whole_pages(keep_bytes);
    if (!arena->base || arena->highest <= keep)
        return;
    madvise(arena->base + keep, whole_pages(arena->highest) - keep, MADV_DONTNEED);
    arena->highest = keep;
}

bool tw_arena_fail(const struct tw_arena *arena, struct tw_error *err)
{
    return tw_fail(err, TW_FULL, NULL, "raise the memory limit that the reference names for this buffer",
        "a buffer of %zu bytes is full", arena->limit);
}
