/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo.h"

static int
virSecuritySELinuxClearSocketLabel(virSecurityManager *mgr,
                                   virDomainDef *def)
{
    virSecurityLabelDef *secdef;

    secdef = virDomainDefGetSecurityLabelDef(def, SECURITY_SELINUX_NAME);
    if (!secdef || !secdef->label)
        return 0;

    if (STRNEQ(SECURITY_SELINUX_NAME, secdef->model)) {
        virReportError(VIR_ERR_INTERNAL_ERROR, "%s", secdef->model);
        if (demoEnforces())
            return -1;
    }

    if (setsockcreatecon_raw(NULL) == -1) {
        virReportSystemError(errno, _("cannot clear '%s'"), secdef->label);
        if (demoEnforces())
            return -1;
    }
    return 0;
}
