/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What Coccinelle must believe of libvirt's and GLib's macros to parse
 * libvirt's sources whole: its parser sees the text before the preprocessor,
 * and skips a function that it cannot parse without a word. scripts/apply
 * adds these to Coccinelle's own macro file; never compiled.
 */

/* declarations that clean up after themselves */
#define VIR_AUTOCLOSE int
#define VIR_IDENTITY_AUTORESTORE
#define VIR_LOCK_GUARD virLockGuard
#define VIR_XPATH_NODE_AUTORESTORE(ctxt)
#define g_auto(T) T
#define g_autofree
#define g_autolist(T) GList *
#define g_autoptr(T) T *
#define g_autoslist(T) GSList *

/* blocks that hold a lock */
#define VIR_WITH_MUTEX_LOCK_GUARD(m) YACFE_ITERATOR
#define VIR_WITH_OBJECT_LOCK_GUARD(o) YACFE_ITERATOR

/* attributes */
#define ATTRIBUTE_MOCKABLE
#define ATTRIBUTE_NONNULL(n)
#define ATTRIBUTE_PACKED
#define G_GNUC_BEGIN_IGNORE_DEPRECATIONS
#define G_GNUC_END_IGNORE_DEPRECATIONS
#define G_GNUC_FALLTHROUGH
#define G_GNUC_MALLOC
#define G_GNUC_NORETURN
#define G_GNUC_NO_INLINE
#define G_GNUC_NULL_TERMINATED
#define G_GNUC_PRINTF(a, b)
#define G_GNUC_UNUSED
#define G_GNUC_WARN_UNUSED_RESULT
#define G_NO_INLINE
