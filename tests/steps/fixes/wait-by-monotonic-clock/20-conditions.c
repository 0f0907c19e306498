/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

int virCondInit(virCond *c)
{
    int ret;
    if ((ret = pthread_cond_init(&c->cond, NULL)) != 0) {
        errno = ret;
        return -1;
    }
    return 0;
}

int demoInit(virCond *c)
{
    int ret = pthread_cond_init(&c->cond, NULL);

    return ret == 0 ? 0 : -1;
}
