/** libcloudsign: a CloudSign node inside your own program.
 *
 *  Everything runs on a uv_loop_t of yours; the library makes no loop, installs
 *  no signal handler and never prints or exits.  Start with cs_node.h.
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

/** One line of the log: no secrets, no control characters, no line break.
 *  Any thread, also several at once. */
typedef void cloudsign_log_cb(void *ctx, enum cloudsign_log_level level,
                              const char *module, const char *line);

/** Where the log goes, for the whole process, libwebsockets' lines included;
 *  cb NULL: nowhere (the default, but libwebsockets then keeps its own way).
 *  Also removes http_proxy from the environment, which libwebsockets would
 *  obey.  Thread: call before the first cs_node_new. */
CS_API void cloudsign_log_set(cloudsign_log_cb *cb, void *ctx,
                              enum cloudsign_log_level least);

#ifdef __cplusplus
}
#endif

#endif
