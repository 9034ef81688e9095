/** libcloudsign: CloudSign nodes inside your own program.  Start with cs_node.h.
 *
 *  Compile and link: pkg-config --cflags --libs cloudsign, or in CMake
 *  find_package(cloudsign) and cloudsign::cloudsign.  The library is compatible within
 *  the number of its soname: types are opaque, and the one structure that a caller
 *  makes knows its size.
 *
 *  What it does to the process that hosts it:
 *
 *    loop         Runs on yours; makes none, and leaves no handle after `stopped`.
 *    threads      Up to n_workers and one for the disk, per node, until `stopped`; they
 *                 block all signals.  libuv's own pool resolves names and stays, as
 *                 libuv has it (uv_library_shutdown).
 *    signals      No handler is installed, no mask changed.  One thing: libwebsockets
 *                 ignores SIGPIPE when a node starts.  A handler of yours is put back
 *                 at once; where there is none, SIGPIPE stays ignored, for else each
 *                 peer that leaves could end the process.
 *    output       Nothing is printed.  Descriptors 0, 1, 2 should be open.
 *    environment  Not changed, and not read for settings; http_proxy is passed by.
 *    exit         Never.  abort() only for a broken invariant: a wrong use that is
 *                 called one here, a defect, or memory that runs out in the middle of a
 *                 step, where going on would mean half a step.
 *    children     cs_node_new makes one for a moment, for a first look at a store that
 *                 could have been crafted.  It runs no code of yours, raises no
 *                 SIGCHLD, and no wait(2) of yours returns it.
 *    fork         A child of yours must exec or _exit: nodes do not survive a fork, and
 *                 their secrets read as zeros there.
 *    limits       Secrets lie in locked memory: RLIMIT_MEMLOCK must allow 1 MiB a node
 *                 (Debian's 8 MiB are enough for eight), else cs_node_new says 71.
 *                 RLIMIT_CORE and dumpability are yours; `cloudsign run` sets both.
 *    umask        Not changed.  Files get mode 0600; directories must be there.
 *    global       The log below; tables that are filled once; OpenSSL's and libsodium's
 *                 own initialisation.  libwebsockets has one log for the whole process:
 *                 the first start of a node leads it to cloudsign_log_set's callback,
 *                 so that it prints nothing.  A program that uses libwebsockets itself
 *                 may call lws_set_log_level afterwards.  Its one allocator is still
 *                 the C heap's, but what it gives back is wiped.
 */
#ifndef CLOUDSIGN_CLOUDSIGN_H
#define CLOUDSIGN_CLOUDSIGN_H

#ifdef __cplusplus
extern "C" {
#endif

#define CS_API __attribute__((visibility("default")))

/** Version of the library, "0.1.0".  Any thread. */
CS_API const char *cloudsign_version(void);

enum cloudsign_log_level {
    CLOUDSIGN_LOG_TRACE,
    CLOUDSIGN_LOG_DEBUG,
    CLOUDSIGN_LOG_INFO,
    CLOUDSIGN_LOG_WARN,
    CLOUDSIGN_LOG_ERROR
};

/** One line of the log: a sentence in UTF-8, fields behind it as " name=value".  No
 *  secrets, no control characters, no line break; at most 1,000 bytes.
 *
 *    ctx     as it was given
 *    module  short name of the part that speaks: "net", "session", "store", ..
 *
 *  Any thread, also several at once.  Must call nothing of this library. */
typedef void cloudsign_log_cb(void *ctx, enum cloudsign_log_level level,
                              const char *module, const char *line);

/** Where log lines go, from `least` on, for the whole process: those of nodes without a
 *  callback of their own (cs_node_config.log), and libwebsockets' (module "lws", at
 *  DEBUG and below).  cb NULL: nowhere, which is how it begins.
 *  Thread: before the first cs_node_new, or when no node exists. */
CS_API void cloudsign_log_set(cloudsign_log_cb *cb, void *ctx,
                              enum cloudsign_log_level least);

#ifdef __cplusplus
}
#endif

#endif
