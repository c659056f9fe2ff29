// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode pages that are the same for every device type: SPC-4 7.5.
 *
 * mode.c calls in, through the tables of the types.
 */
#include <linux/kernel.h>

#include "spc.h"

/* Control page 0Ah, SPC-4 7.5.8 */
#define CST_CONTROL_GLTSD	0x02	/* byte 2 */
#define CST_CONTROL_D_SENSE	0x04
#define CST_CONTROL_QAM		0x10	/* byte 3 */
#define CST_CONTROL_SWP		0x08	/* byte 4 */
#define CST_CONTROL_TAS		0x40	/* byte 5 */

/* Control extension page 0Ah/01h, SPC-4 7.5.9 */
#define CST_CONTROL_SCSIP	0x02	/* byte 4 */
#define CST_CONTROL_TCMOS	0x04

/*
 * A page of zeroes.
 *
 * 02h, disconnect-reconnect: no limit of a connection's use is known here; iSCSI negotiates its
 * own (RFC 7143 13).
 * 1Ah, power condition: no timer leads to a power condition; only START STOP UNIT does.
 */
void cst_mode_zeroes(const struct cst_device *dev, u8 *page)
{
}

/*
 * 0Ah.  What is 0 and stays so: TST, one task set for all nexuses (order.c); TMF_ONLY, there is
 * never an ACA; DPICZ and ATO, no protection information; RLEC, no threshold of a log;
 * NUAR and UA_INTLCK_CTRL, a unit attention is cleared when it is reported; QERR, a command that
 * fails takes no other with it; RAC; BUSY TIMEOUT PERIOD, unknown; EXTENDED SELF-TEST COMPLETION
 * TIME, a self-test takes no time.
 */
void cst_mode_control(const struct cst_device *dev, u8 *page)
{
	page[2] = CST_CONTROL_GLTSD;	/* log parameters are not saved by themselves */
	page[3] = CST_CONTROL_QAM;	/* unrestricted reordering */
}

/*
 * 0Ah/01h.  The clock is the host's until SET TIMESTAMP sets it (timestamp.c).  What is 0 and stays
 * so: IALUAE, the target never changes the state of a port by itself; INITIAL COMMAND PRIORITY;
 * MAXIMUM SENSE DATA LENGTH, which is the unit's own.
 */
void cst_mode_control_extension(const struct cst_device *dev, u8 *page)
{
	page[4] = CST_CONTROL_TCMOS | CST_CONTROL_SCSIP;
}

void cst_mode_control_mask(const struct cst_device *dev, u8 *page)
{
	page[2] = CST_CONTROL_D_SENSE;
	page[4] = CST_CONTROL_SWP;
	page[5] = CST_CONTROL_TAS;
}

void cst_mode_control_get(const struct cst_device *dev, u8 *page)
{
	if (READ_ONCE(dev->mode.d_sense))
		page[2] |= CST_CONTROL_D_SENSE;
	if (READ_ONCE(dev->swp))
		page[4] |= CST_CONTROL_SWP;
	if (READ_ONCE(dev->mode.tas))
		page[5] |= CST_CONTROL_TAS;
}

void cst_mode_control_set(struct cst_device *dev, const u8 *page)
{
	WRITE_ONCE(dev->mode.d_sense, page[2] & CST_CONTROL_D_SENSE);
	WRITE_ONCE(dev->swp, page[4] & CST_CONTROL_SWP);
	WRITE_ONCE(dev->mode.tas, page[5] & CST_CONTROL_TAS);
}

/* SBC-3 6.4, SWP: what is in the cache is written before the medium is write protected. */
bool cst_mode_control_settle(const u8 *old, const u8 *page)
{
	return page[4] & ~old[4] & CST_CONTROL_SWP;
}

/* 1Ch, SPC-4 7.5.12: nothing looks for informational exceptions, so none is reported. */
void cst_mode_exceptions(const struct cst_device *dev, u8 *page)
{
	page[2] = 0x08;			/* DEXCPT */
}
