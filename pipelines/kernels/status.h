/* How a function says that it failed.

Every function that can fail returns a `Status` and is declared CHECKED, so that the compiler warns of a call whose
status is ignored. The caller returns a status other than OK at once, or goes to the one place at its end where it
cleans up. What was built until then is freed by its owner. Only python/exceptions.c turns a status into a Python
exception. */
#ifndef SPANWISE_STATUS_H
#define SPANWISE_STATUS_H

typedef enum {
    OK,
    NO_MEMORY,    /* no exception is set yet */
    PYTHON_ERROR, /* an exception is set: used in python/ and in the callbacks that python/ hands out */
} Status;

#define CHECKED __attribute__((warn_unused_result))

#endif
