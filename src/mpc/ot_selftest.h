/* Start-up self-tests of what DKLs23 stands on (PROTOCOLS 1.6 e; its c is
 * crypto/selftest.h's), and of every
 * faster way that this processor takes against the plain one.  Any thread; a program
 * refuses to run when one fails. */
#ifndef CS_MPC_OT_SELFTEST_H
#define CS_MPC_OT_SELFTEST_H

#include "base/err.h"

/* CS_OK or SELFTEST; *what names the failed test.  Well below a millisecond. */
enum cs_err cs_ot_selftest(const char **what) CS_MUST_USE;

#endif
