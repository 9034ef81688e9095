/* Inputs for ristretto255: scalars and bytes where carries live, encodings that must be
 * refused, and how many of each (as support/secp_ref.h's REF_RUNS). */
#ifndef CS_TEST_SUPPORT_RISTRETTO_REF_H
#define CS_TEST_SUPPORT_RISTRETTO_REF_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "base/text.h"
#include "crypto/group.h"
#include "support/stream.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RISTRETTO_SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||             \
    __has_feature(memory_sanitizer)
#define RISTRETTO_SLOW 1
#endif
#endif

#if defined(__OPTIMIZE__) && !defined(RISTRETTO_SLOW)
enum { RISTRETTO_RUNS = 1000000 };
#else
enum { RISTRETTO_RUNS = 20000 }; /* the same inputs, fewer of them */
#endif
enum { GROUP_SHARE = 10 }; /* operations of the group: a tenth of that */

/* 10^6, or CS_SCALAR_RUNS (test/night.sh: 10^7). */
static inline long ristretto_runs(void)
{
    const char *text = getenv("CS_SCALAR_RUNS");
    long n = text == NULL ? RISTRETTO_RUNS : strtol(text, NULL, 10);

    assert_in_range(n, 1, 1000000000);
    return n;
}

static inline void ristretto_unhex(uint8_t *out, size_t n, const char *hex)
{
    assert_int_equal(cs_unhex(out, n, hex), CS_OK);
}

/* 0, 1, 2, 8, 16, digits that carry all the way, 2^252, (l-1)/2, (l+1)/2, l-2, l-1. */
static const char *const edge_scalars[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0200000000000000000000000000000000000000000000000000000000000000",
    "0800000000000000000000000000000000000000000000000000000000000000",
    "1000000000000000000000000000000000000000000000000000000000000000",
    "8888888888888888888888888888888888888888888888888888888888888808",
    "7777777777777777777777777777777777777777777777777777777777777707",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0f",
    "0000000000000000000000000000000000000000000000000000000000000010",
    "f6e97a2e8d31092c6bce7b51ef7c6f0a00000000000000000000000000000008",
    "f7e97a2e8d31092c6bce7b51ef7c6f0a00000000000000000000000000000008",
    "ebd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
    "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
};

/* The edges first, then random ones with long runs of equal bits. */
static inline void draw_scalar(struct stream *s, long i, uint8_t out[32])
{
    uint8_t wide[64] = {0};

    if (i < (long)CS_COUNTOF(edge_scalars)) {
        ristretto_unhex(out, 32, edge_scalars[i]);
        return;
    }
    stream_edgy(s, wide, i % 2 == 0 ? 32 : 64);
    crypto_core_ristretto255_scalar_reduce(out, wide);
}

/* RFC 9496, A.2, all 29. */
static const char *const bad_encodings[] = {
    /* not canonical */
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    /* negative */
    "0100000000000000000000000000000000000000000000000000000000000000",
    "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
    "c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562",
    "c940e5a4404157cfb1628b108db051a8d439e1a421394ec4ebccb9ec92a8ac78",
    "47cfc5497c53dc8e61c91d17fd626ffb1c49e2bca94eed052281b510b1117a24",
    "f1c6165d33367351b0da8f6e4511010c68174a03b6581212c71c0e1d026c3c72",
    "87260f7a2f12495118360f02c26a470f450dadf34a413d21042b43b9d93e1309",
    /* x^2 is no square */
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
    "de6a7b00deadc788eb6b6c8d20c0ae96c2f2019078fa604fee5b87d6e989ad7b",
    "bcab477be20861e01e4a0e295284146a510150d9817763caf1a6f4b422d67042",
    "2a292df7e32cababbd9de088d1d1abec9fc0440f637ed2fba145094dc14bea08",
    "f4a9e534fc0d216c44b218fa0c42d99635a0127ee2e53c712f70609649fdff22",
    "8268436f8c4126196cf64b3c7ddbda90746a378625f9813dd9b8457077256731",
    "2810e5cbc2cc4d4eece54f61c6f69758e289aa7ab440b3cbeaa21995c2f4232b",
    /* xy is negative */
    "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
    "a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220",
    "d483fe813c6ba647ebbfd3ec41adca1c6130c2beeee9d9bf065c8d151c5f396e",
    "8a2e1d30050198c65a54483123960ccc38aef6848e1ec8f5f780e8523769ba32",
    "32888462f8b486c68ad7dd9610be5192bbeaf3b443951ac1a8118419d9fa097b",
    "227142501b9d4355ccba290404bde41575b037693cef1f438c47f8fbf35d1165",
    "5c37cc491da847cfeb9281d407efc41e15144c876e0170b499a96a22ed31e01e",
    "445425117cb8c90edcbc7c1cc0e74f747f2c1efa5630a967c64f287792a48a4b",
    /* s = -1, so that y = 0 */
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

#endif
