/* A monitoring agent as such agents are: loaded before the program, with a thread that reads what the system says of it. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void *watch(void *nothing)
{
    char line[4096];
    for (;;) {
        FILE *stat = fopen("/proc/self/stat", "r");
        if (stat) {
            if (!fgets(line, sizeof line, stat))
                line[0] = 0;
            fclose(stat);
        }
        usleep(1000);
    }
    return nothing;
}

__attribute__((constructor)) static void begin(void)
{
    pthread_t thread;
    if (!pthread_create(&thread, 0, watch, 0))
        pthread_detach(thread);
}
