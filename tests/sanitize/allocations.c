/* The kernels' allocations, counted, and one of them failed: linked into the sanitized copy alone.

The linker leads the kernels' own calls of malloc, calloc, realloc and free to `__wrap_malloc` and so on (`ld --wrap`; build.py
passes the flags). Python's allocators are hooked beside that by `PyMem_SetAllocator`, so that what Python allocates for the kernels
(lists, tuples, strings, PyMem_Calloc) can fail too. tests/sanitize/native.py calls the `sanitize_` functions by ctypes.

A failure is armed for the length of one call: the allocation number `number` of one domain fails, those before and after it
succeed. Allocations of all threads count. */
#undef Py_LIMITED_API
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdatomic.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);

enum { BLOCKS, GROWTHS, PYTHON, DOMAINS }; /* the kernels' malloc and calloc; their realloc; all of Python's */

static atomic_long left[DOMAINS];            /* allocations until the one that fails; 0: none will */
static atomic_long live_native, live_python; /* blocks */
static long marked;                          /* live blocks of Python at the last mark */
static int fired;                            /* whether the armed allocation was reached */

/* Deliberate bugs, by which planted_bugs.py sees that a real one would be reported. */
enum { PLANTED_NONE, PLANTED_SHORT_BLOCKS, PLANTED_MISALIGNED_BLOCKS, PLANTED_LEAK };
static int planted;

static int fails(int domain)
{
    if (atomic_load(&left[domain]) <= 0 || atomic_fetch_sub(&left[domain], 1) != 1) return 0;
    fired = 1;
    return 1;
}

static void *counted(atomic_long *live, void *block)
{
    if (block) atomic_fetch_add(live, 1);
    return block;
}

static void *planted_block(void *block, size_t size)
{
    if (!block || size < 2 || planted == PLANTED_NONE || planted == PLANTED_LEAK) return block;
    if (planted == PLANTED_SHORT_BLOCKS) return __real_realloc(block, size - 1);
    char *longer = __real_realloc(block, size + 1);
    return longer ? longer + 1 : NULL;
}

void *__wrap_malloc(size_t size)
{
    return fails(BLOCKS) ? NULL : counted(&live_native, planted_block(__real_malloc(size), size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(BLOCKS) ? NULL : counted(&live_native, planted_block(__real_calloc(count, size), count * size));
}

void *__wrap_realloc(void *block, size_t size)
{
    if (fails(GROWTHS)) return NULL;
    void *moved = __real_realloc(block, size);
    return block ? moved : counted(&live_native, moved);
}

void __wrap_free(void *block)
{
    static atomic_long freed;
    if (!block || (planted == PLANTED_LEAK && atomic_fetch_add(&freed, 1) % 16 == 15)) return;
    atomic_fetch_sub(&live_native, 1);
    __real_free(block);
}

static void *python_malloc(void *next, size_t size)
{
    const PyMemAllocatorEx *allocator = next;
    return fails(PYTHON) ? NULL : counted(&live_python, allocator->malloc(allocator->ctx, size));
}

static void *python_calloc(void *next, size_t count, size_t size)
{
    const PyMemAllocatorEx *allocator = next;
    return fails(PYTHON) ? NULL : counted(&live_python, allocator->calloc(allocator->ctx, count, size));
}

static void *python_realloc(void *next, void *block, size_t size)
{
    const PyMemAllocatorEx *allocator = next;
    if (fails(PYTHON)) return NULL;
    void *moved = allocator->realloc(allocator->ctx, block, size);
    return block ? moved : counted(&live_python, moved);
}

static void python_free(void *next, void *block)
{
    const PyMemAllocatorEx *allocator = next;
    if (block) atomic_fetch_sub(&live_python, 1);
    allocator->free(allocator->ctx, block);
}

/* Hook Python's allocators for the rest of the process. Called once. */
void sanitize_hook_python(void)
{
    static const PyMemAllocatorDomain domains[] = {PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};
    static PyMemAllocatorEx next[3];
    for (int i = 0; i < 3; i++) {
        PyMem_GetAllocator(domains[i], &next[i]);
        PyMemAllocatorEx hook = {&next[i], python_malloc, python_calloc, python_realloc, python_free};
        PyMem_SetAllocator(domains[i], &hook);
    }
}

/* Call a Python callable with allocation `number` (from 1) of a domain failing; 0: none. Returns what it returns. */
PyObject *sanitize_call(PyObject *callable, int domain, long number)
{
    fired = 0;
    atomic_store(&left[domain], number);
    PyObject *result = PyObject_CallNoArgs(callable);
    atomic_store(&left[domain], 0);
    return result;
}

/* Whether the last `sanitize_call` reached the allocation that was to fail. */
int sanitize_fired(void) { return fired; }

long sanitize_native_live(void) { return atomic_load(&live_native); }

/* Python's live blocks are compared within C: a number of them on the Python side would be a block itself. */
void sanitize_mark_python(void) { marked = atomic_load(&live_python); }
long sanitize_python_growth(void) { return atomic_load(&live_python) - marked; }

void sanitize_plant(int bug) { planted = bug; }
