/* sim --seed N --runs M [--verbose]: M whole walk-throughs, from seed N upwards. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/group.h"
#include "sim/world.h"

static struct world the_world; /* large */

static void print_line(void *ctx, enum cs_log_level level, const char *module,
                       const char *line)
{
    const struct world *w = ctx;

    (void)fprintf(stderr, "%10llu %-5s %-8s %s\n", (unsigned long long)w->now,
                  cs_log_level_name(level), module, line);
}

static bool run_one(uint64_t seed, bool verbose, uint64_t *events, uint64_t *heads)
{
    bool ok;

    world_init(&the_world, seed);
    if (verbose) {
        const struct faults *f = &the_world.faults;

        cs_log_set(print_line, &the_world, CS_LOG_DEBUG);
        (void)fprintf(
            stderr,
            "faults: drop %u repeat %u reorder %u tamper %u cross %u replay %u cut %u "
            "delay %u crash %u full %u io %u evil %d (%u)\n",
            f->drop, f->repeat, f->reorder, f->tamper, f->cross, f->replay, f->cut,
            f->delay_max_ms, f->crash_every_ms, f->commit_full, f->commit_io,
            f->evil_node, f->evil);
    }
    ok = scenario_run(&the_world);
    if (!ok) {
        (void)printf("seed %llu, at %llu ms: %s\n", (unsigned long long)seed,
                     (unsigned long long)the_world.now, the_world.violation);
        (void)printf("replay: sim --seed %llu --runs 1 --verbose\n",
                     (unsigned long long)seed);
        (void)fflush(stdout);
    }
    *events += the_world.n_events;
    *heads += the_world.n_countersigned;
    world_free(&the_world);
    return ok;
}

static int usage(void)
{
    (void)fprintf(
        stderr,
        "usage: sim --seed N --runs M [--verbose]\n"
        "Runs M whole walk-throughs of three nodes, relay and platform in virtual\n"
        "time, with faults drawn from the seed, and checks them at every step.\n");
    return 64;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1, runs = 1, events = 0, heads = 0, bad = 0;
    bool verbose = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            seed = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc) {
            runs = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--verbose") == 0) {
            verbose = true;
        } else {
            return usage();
        }
    }
    if (cs_crypto_init() != CS_OK) {
        (void)fprintf(stderr, "crypto does not start\n");
        return 70;
    }
    for (uint64_t i = 0; i < runs && bad < 10; i++) {
        bad += run_one(seed + i, verbose, &events, &heads) ? 0 : 1;
    }
    (void)printf("%llu runs from seed %llu: %llu failed, %llu events, %llu "
                 "countersigned heads looked at\n",
                 (unsigned long long)runs, (unsigned long long)seed,
                 (unsigned long long)bad, (unsigned long long)events,
                 (unsigned long long)heads);
    if (runs >= 100 && heads == 0) {
        (void)printf("no head was ever countersigned: the check is not one\n");
        return 1;
    }
    return bad == 0 ? 0 : 1;
}
