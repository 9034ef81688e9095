/* Start-up self-tests (PROTOCOLS 1.6); a program refuses to run when one fails. */
#ifndef CS_CRYPTO_SELFTEST_H
#define CS_CRYPTO_SELFTEST_H

#include "base/err.h"

/* CS_OK or SELFTEST; *what names the failed test.  Takes about a millisecond. */
enum cs_err cs_selftest(const char **what) CS_MUST_USE;

#endif
