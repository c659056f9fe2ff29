/* SPDX-License-Identifier: GPL-2.0-only */
#include "../genl_shim.h"
