/* ristretto_*.c once more, under names of their own, and with every limb's bound
 * asserted at every step (ristretto_field.h, CS_FE_CHECK).  Include once, before any
 * other header of ristretto. */
#ifndef CS_TEST_SUPPORT_RISTRETTO_CHECKED_H
#define CS_TEST_SUPPORT_RISTRETTO_CHECKED_H

#define CS_FE_CHECK
#define cs_ristretto_decode         checked_decode
#define cs_ristretto_encode         checked_encode
#define cs_ristretto_encode_doubles checked_encode_doubles
#define cs_ristretto_add            checked_add
#define cs_ristretto_sub            checked_sub
#define cs_ristretto_choose         checked_choose
#define cs_ristretto_mul            checked_mul
#define cs_ristretto_mul_base       checked_mul_base
#define cs_ristretto_half           checked_half
#define cs_ristretto_from_hash      checked_from_hash
#define cs_ristretto_init           checked_init
#define cs_ristretto_scrub          checked_scrub
#define cs_ristretto_identity       checked_identity
#define cs_fe_zero                  checked_fe_zero
#define cs_fe_one                   checked_fe_one
#define cs_fe_d                     checked_fe_d
#define cs_fe_2d                    checked_fe_2d
#define cs_fe_sqrt_m1               checked_fe_sqrt_m1
#define cs_fe_load                  checked_fe_load
#define cs_fe_store                 checked_fe_store
#define cs_fe_is_zero               checked_fe_is_zero
#define cs_fe_is_negative           checked_fe_is_negative
#define cs_fe_negate_if             checked_fe_negate_if
#define cs_fe_abs                   checked_fe_abs
#define cs_fe_invert                checked_fe_invert
#define cs_fe_sqrt_ratio            checked_fe_sqrt_ratio

/* clang-format off */
#include "crypto/ristretto_field.c"
#include "crypto/ristretto_point.c"
#include "crypto/ristretto_code.c"
#include "crypto/ristretto_map.c"
/* clang-format on */

#endif
