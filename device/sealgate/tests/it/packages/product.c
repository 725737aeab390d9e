/* A library of a product. It loads each library that it is told to, and says whether it could. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *serve(void *ask)
{
    char path[4096], answer[4096];
    snprintf(answer, sizeof answer, "%s.answer", (char *)ask);
    for (;;) {
        FILE *asked = fopen(ask, "r");
        if (!asked)
            return 0;
        while (fgets(path, sizeof path, asked)) {
            path[strcspn(path, "\n")] = 0;
            void *loaded = dlopen(path, RTLD_NOW);
            FILE *told = fopen(answer, "w");
            fputs(loaded ? "loaded\n" : dlerror(), told);
            fclose(told);
        }
        fclose(asked);
    }
}

__attribute__((constructor)) static void begin(void)
{
    char *ask = getenv("SEALGATE_TEST_PLUGINS");
    pthread_t thread;
    if (ask && !pthread_create(&thread, 0, serve, ask))
        pthread_detach(thread);
}

int product_version(void)
{
    return VERSION;
}
