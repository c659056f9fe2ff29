// SPDX-License-Identifier: GPL-2.0-only
/*
 * gate.c: whether each command passes the gate when it comes, and when something has changed
 * before it executes.  The tables below are copied from the standards; the rows of commands
 * are those of the device types.
 */
#include "../../../src/scsi/pr/pr.h"
#include "emu.h"
#include "test.h"

/* --- the commands --- */

/*
 * @resv: SPC-5 5.14 and SBC-4, the tables of commands that are allowed in the presence of
 * various reservations.  A is allowed, X is a conflict, in five columns:
 *	0  any other nexus, Write Exclusive
 *	1  any other nexus, Exclusive Access
 *	2  a registered nexus, all types of registrants
 *	3  not registered, Write Exclusive of registrants
 *	4  not registered, Exclusive Access of registrants
 * @ports: SPC-5 5.17.2, the states of a port in which the command must work: Standby,
 *	Unavailable, Offline, Transitioning
 * @first: SPC-5 and SBC-4, the command may be processed as if its attribute were HEAD OF QUEUE
 * @medium: the command is refused while the unit is not ready
 * @writes: the command is refused while the unit is write protected, too
 * cst does not have all of these commands.
 */
static const struct known {
	u8		opcode;
	u8		action;		/* SERVICE ACTION: byte 1, or byte 9 of 7Fh */
	u8		cdb4;
	const char	*resv;
	const char	*ports;
	bool		first;
	bool		medium;
	bool		writes;
} known[] = {
	{ 0x00, 0, 0, "AAAAA", "", true, true },		/* TEST UNIT READY */
	{ 0x03, 0, 0, "AAAAA", "SUOT", true },			/* REQUEST SENSE */
	{ 0x04, 0, 0, "XXAXX", "", false, true, true },		/* FORMAT UNIT */
	{ 0x08, 0, 0, "AXAAX", "", false, true },		/* READ(6) */
	{ 0x0a, 0, 0, "XXAXX", "", false, true, true },		/* WRITE(6) */
	{ 0x12, 0, 0, "AAAAA", "SUOT", true },			/* INQUIRY */
	{ 0x15, 0, 0, "XXAXX", "S", false, true },		/* MODE SELECT(6) */
	{ 0x16, 0, 0, "AAAAA", "" },				/* RESERVE(6): by its own rules */
	{ 0x17, 0, 0, "AAAAA", "" },				/* RELEASE(6) */
	{ 0x1a, 0, 0, "AXAAX", "S" },				/* MODE SENSE(6) */
	{ 0x1b, 0, 0, "XXAXX", "", false, true },		/* START STOP UNIT: stop */
	{ 0x1b, 0, 1, "AAAAA", "", false, true },		/* start */
	{ 0x1b, 0, 2, "XXAXX", "", false, true },		/* eject */
	{ 0x1b, 0, 3, "AAAAA", "", false, true },		/* load */
	{ 0x1c, 0, 0, "AXAAX", "S" },				/* RECEIVE DIAGNOSTIC RESULTS */
	{ 0x1d, 0, 0, "XXAXX", "S", false, true },		/* SEND DIAGNOSTIC */
	{ 0x1e, 0, 0, "AAAAA", "" },				/* ALLOW MEDIUM REMOVAL */
	{ 0x1e, 0, 1, "XXAXX", "" },				/* PREVENT */
	{ 0x25, 0, 0, "AAAAA", "", true, true },		/* READ CAPACITY(10) */
	{ 0x28, 0, 0, "AXAAX", "", false, true },		/* READ(10) */
	{ 0x2a, 0, 0, "XXAXX", "", false, true, true },		/* WRITE(10) */
	{ 0x2e, 0, 0, "XXAXX", "", false, true, true },		/* WRITE AND VERIFY(10) */
	{ 0x2f, 0, 0, "AXAAX", "", false, true },		/* VERIFY(10) */
	{ 0x34, 0, 0, "AXAAX", "", false, true },		/* PRE-FETCH(10) */
	{ 0x35, 0, 0, "XXAXX", "", false, true },		/* SYNCHRONIZE CACHE(10) */
	{ 0x37, 0, 0, "AXAAX", "", false, true },		/* READ DEFECT DATA(10) */
	{ 0x3b, 0, 0, "XXAXX", "SU" },				/* WRITE BUFFER */
	{ 0x3c, 0, 0, "AXAAX", "SU" },				/* READ BUFFER(10) */
	{ 0x41, 0, 0, "XXAXX", "", false, true, true },		/* WRITE SAME(10) */
	{ 0x42, 0, 0, "XXAXX", "", false, true, true },		/* UNMAP */
	{ 0x48, 0x01, 0, "XXAXX", "", true, true, true },	/* SANITIZE: OVERWRITE */
	{ 0x48, 0x02, 0, "XXAXX", "", true, true, true },	/* BLOCK ERASE */
	{ 0x48, 0x03, 0, "XXAXX", "", true, true, true },	/* CRYPTOGRAPHIC ERASE */
	{ 0x48, 0x1f, 0, "XXAXX", "", true, true, true },	/* EXIT FAILURE MODE */
	{ 0x4c, 0, 0, "XXAXX", "S" },				/* LOG SELECT */
	{ 0x4d, 0, 0, "AAAAA", "S" },				/* LOG SENSE */
	{ 0x55, 0, 0, "XXAXX", "S", false, true },		/* MODE SELECT(10) */
	{ 0x56, 0, 0, "AAAAA", "" },				/* RESERVE(10) */
	{ 0x57, 0, 0, "AAAAA", "" },				/* RELEASE(10) */
	{ 0x5a, 0, 0, "AXAAX", "S" },				/* MODE SENSE(10) */
	{ 0x5e, 0x00, 0, "AAAAA", "S", false, true },		/* PERSISTENT RESERVE IN */
	{ 0x5e, 0x01, 0, "AAAAA", "S", false, true },
	{ 0x5e, 0x02, 0, "AAAAA", "S", false, true },
	{ 0x5e, 0x03, 0, "AAAAA", "S", false, true },
	{ 0x5f, 0x00, 0, "AAAAA", "S", false, true },		/* ... OUT: by its own rules */
	{ 0x5f, 0x01, 0, "AAAAA", "S", false, true },
	{ 0x5f, 0x02, 0, "AAAAA", "S", false, true },
	{ 0x5f, 0x03, 0, "AAAAA", "S", false, true },
	{ 0x5f, 0x04, 0, "AAAAA", "S", false, true },
	{ 0x5f, 0x05, 0, "AAAAA", "S", false, true },
	{ 0x5f, 0x06, 0, "AAAAA", "S", false, true },
	{ 0x5f, 0x07, 0, "AAAAA", "S", false, true },
	{ 0x5f, 0x08, 0, "AAAAA", "S", false, true },
	{ 0x7f, 0x09, 0, "AXAAX", "", false, true },		/* READ(32) */
	{ 0x7f, 0x0a, 0, "AXAAX", "", false, true },		/* VERIFY(32) */
	{ 0x7f, 0x0b, 0, "XXAXX", "", false, true, true },	/* WRITE(32) */
	{ 0x7f, 0x0c, 0, "XXAXX", "", false, true, true },	/* WRITE AND VERIFY(32) */
	{ 0x7f, 0x0d, 0, "XXAXX", "", false, true, true },	/* WRITE SAME(32) */
	{ 0x83, 0x00, 0, "XXAXX", "" },				/* EXTENDED COPY(LID1) */
	{ 0x83, 0x01, 0, "XXAXX", "" },				/* EXTENDED COPY(LID4) */
	{ 0x83, 0x1c, 0, "XXAXX", "" },				/* COPY OPERATION ABORT */
	{ 0x84, 0x00, 0, "AAAAA", "" },				/* RECEIVE COPY STATUS(LID1) */
	{ 0x84, 0x01, 0, "AAAAA", "" },				/* RECEIVE COPY DATA(LID1) */
	{ 0x84, 0x03, 0, "AAAAA", "" },				/* ... OPERATING PARAMETERS */
	{ 0x84, 0x04, 0, "AAAAA", "" },				/* ... FAILURE DETAILS(LID1) */
	{ 0x84, 0x05, 0, "AAAAA", "" },				/* RECEIVE COPY STATUS(LID4) */
	{ 0x84, 0x06, 0, "AAAAA", "" },				/* RECEIVE COPY DATA(LID4) */
	{ 0x88, 0, 0, "AXAAX", "", false, true },		/* READ(16) */
	{ 0x89, 0, 0, "XXAXX", "", false, true, true },		/* COMPARE AND WRITE */
	{ 0x8a, 0, 0, "XXAXX", "", false, true, true },		/* WRITE(16) */
	{ 0x8b, 0, 0, "XXAXX", "", false, true, true },		/* ORWRITE(16) */
	{ 0x8e, 0, 0, "XXAXX", "", false, true, true },		/* WRITE AND VERIFY(16) */
	{ 0x8f, 0, 0, "AXAAX", "", false, true },		/* VERIFY(16) */
	{ 0x90, 0, 0, "AXAAX", "", false, true },		/* PRE-FETCH(16) */
	{ 0x91, 0, 0, "XXAXX", "", false, true },		/* SYNCHRONIZE CACHE(16) */
	{ 0x93, 0, 0, "XXAXX", "", false, true, true },		/* WRITE SAME(16) */
	{ 0x9c, 0, 0, "XXAXX", "", false, true, true },		/* WRITE ATOMIC(16) */
	{ 0x9e, 0x10, 0, "AAAAA", "", true, true },		/* READ CAPACITY(16) */
	{ 0x9e, 0x12, 0, "AXAAX", "", false, true },		/* GET LBA STATUS */
	{ 0xa0, 0, 0, "AAAAA", "SUOT", true },			/* REPORT LUNS */
	{ 0xa3, 0x05, 0, "AAAAA", "" },				/* REPORT IDENTIFYING INFO */
	{ 0xa3, 0x0a, 0, "AAAAA", "SUOT" },			/* REPORT TARGET PORT GROUPS */
	{ 0xa3, 0x0c, 0, "AXAAX", "" },				/* REPORT SUPPORTED OPCODES */
	{ 0xa3, 0x0d, 0, "AXAAX", "" },				/* REPORT SUPPORTED TMFS */
	{ 0xa3, 0x0f, 0, "AAAAA", "" },				/* REPORT TIMESTAMP */
	{ 0xa4, 0x06, 0, "XXAXX", "" },				/* SET IDENTIFYING INFO */
	{ 0xa4, 0x0f, 0, "XXAXX", "" },				/* SET TIMESTAMP */
	{ 0xa8, 0, 0, "AXAAX", "", false, true },		/* READ(12) */
	{ 0xaa, 0, 0, "XXAXX", "", false, true, true },		/* WRITE(12) */
	{ 0xae, 0, 0, "XXAXX", "", false, true, true },		/* WRITE AND VERIFY(12) */
	{ 0xaf, 0, 0, "AXAAX", "", false, true },		/* VERIFY(12) */
	{ 0xb7, 0, 0, "AXAAX", "", false, true },		/* READ DEFECT DATA(12) */
};

static const struct known *k;	/* the command of this round */
static u8 cdb[CST_CDB_MAX];
static struct cst_cmd *cmd = &emu.cmd;

static bool always_answered(void)
{
	return cmd->op->flags & CST_OP_SKIP_UA;
}

/* They need an enabled device, but are allowed while it is stopped. */
static bool needs_no_medium(void)
{
	switch (k->opcode) {
	case 0x15:	/* MODE SELECT */
	case 0x1b:	/* START STOP UNIT */
	case 0x55:
	case 0x5e:	/* PERSISTENT RESERVE IN, OUT */
	case 0x5f:
		return true;
	default:
		return false;
	}
}

/* A new command of the round arrives, in the state that lun.h leaves it in. */
static void comes(void)
{
	cst_sense_t reason;
	struct cst_sense_detail detail = {};

	memset(cmd, 0, sizeof(*cmd));
	memset(cdb, 0, sizeof(cdb));
	cdb[0] = k->opcode;
	if (k->opcode == 0x7f) {
		cdb[7] = 24;
		cdb[9] = k->action;
	} else {
		cdb[1] = k->action;
	}
	cdb[4] = k->cdb4;
	cmd->sess = emu.sess;
	cmd->itl = &emu.itl;
	cmd->dev = &emu.disk.dev;
	cmd->type = &cst_disk_type;
	cmd->cdb = cdb;
	cmd->cdb_len = sizeof(cdb);
	cmd->gate_seq = atomic_long_read_acquire(&cmd->dev->gate_seq);
	cmd->op = cst_op_find(cmd->type, cdb, sizeof(cdb), &reason, &detail);
}

static cst_sense_t arrives(void)
{
	comes();
	return cst_gate(cmd);
}

/* What exec.c does, in short. */
static cst_sense_t executes(void)
{
	if (cmd->gate_seq == (unsigned long)atomic_long_read(&cmd->dev->gate_seq))
		return CST_OK;
	return cst_gate_again(cmd);
}

#define CHECK_MEETS(got, want) do {					\
	cst_sense_t _g = (got), _w = (want);				\
									\
	if (_g != _w)							\
		test_say(__FILE__, __LINE__, "%02x/%02x byte 4 %02x: %s, not %s", \
			 k->opcode, k->action, k->cdb4,			\
			 cst_sense_name(_g), cst_sense_name(_w));	\
} while (0)

/* Set k to the next command, from @from on, that cst has; make a new unit for it. */
static const struct known *built(const struct known *from)
{
	for (k = from; k < known + ARRAY_SIZE(known); k++) {
		emu_reset();
		comes();
		if (cmd->op)
			return k;
	}
	return NULL;
}

#define FOR_EACH_KNOWN()						\
	for (k = built(known); k; k = built(k + 1))

/* --- what rows say --- */

static bool is_known(const struct cst_op *op)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].opcode == op->opcode &&
		    (!(op->flags & CST_OP_ACTION) ||
		     known[i].action == op->service_action))
			return true;
	return false;
}

static void every_row_stands_in_the_table(void)
{
	unsigned int i;

	emu_reset();
	for (i = 0; i < cst_disk_type.index->nr_ops; i++)
		if (!is_known(cst_disk_type.index->ops[i]))
			test_say(__FILE__, __LINE__, "%s is not known",
				 cst_disk_type.index->ops[i]->name);
}

static void rows_say_what_the_standards_say(void)
{
	FOR_EACH_KNOWN() {
		CHECK_EQ(!!(cmd->op->flags & CST_OP_IMPLICIT_HOQ), k->first);
		CHECK_EQ(!!(cmd->op->flags & CST_OP_MEDIUM), k->medium);
		CHECK_EQ(!!(cmd->op->flags & CST_OP_WRITES), k->writes);
		CHECK_MEETS(arrives(), CST_OK);
		CHECK_MEETS(executes(), CST_OK);
	}
}

/* --- reservations --- */

enum role { HOLDER, REGISTRANT, OTHER };

/* SPC-5, table of persistent reservation type codes. */
static const struct {
	u8	type;
	bool	exclusive_access;
	bool	registrants;	/* Registrants Only or All Registrants */
	bool	all;		/* All Registrants: each holds the reservation */
} types[] = {
	{ 1, false }, { 3, true }, { 5, false, true }, { 6, true, true },
	{ 7, false, true, true }, { 8, true, true, true },
};

/* The column of @resv for a nexus in that role; -1: the nexus holds the reservation. */
static int column(unsigned int type, enum role role)
{
	bool ea = types[type].exclusive_access;

	if (role == HOLDER || (role == REGISTRANT && types[type].all))
		return -1;
	if (!types[type].registrants)
		return ea ? 1 : 0;
	if (role == REGISTRANT)
		return 2;
	return ea ? 4 : 3;
}

static enum cst_verdict verdict(unsigned int type, enum role role)
{
	return cst_pr_type_verdict(types[type].type, role != OTHER,
				   role == HOLDER || (role == REGISTRANT && types[type].all));
}

static void a_reservation_is_kept(void)
{
	unsigned int type;
	enum role role;

	FOR_EACH_KNOWN() {
		for (type = 0; type < ARRAY_SIZE(types); type++) {
			for (role = HOLDER; role <= OTHER; role++) {
				int col = column(type, role);
				cst_sense_t want = col >= 0 && k->resv[col] == 'X' ?
						   CST_RESERVATION_CONFLICT : CST_OK;

				emu_reset();
				cst_itl_set_verdict(&emu.itl, verdict(type, role));
				CHECK_MEETS(arrives(), want);

				/* The reservation was made while the command waited. */
				emu_reset();
				CHECK_MEETS(arrives(), CST_OK);
				cst_itl_set_verdict(&emu.itl, verdict(type, role));
				CHECK_MEETS(executes(), want);

				/* The reservation has gone. */
				cst_itl_set_verdict(&emu.itl, CST_RESERVED_NOTHING);
				CHECK_MEETS(arrives(), CST_OK);
			}
		}
	}
}

/* SAM-5 5.3.3: the order of a conflict and of unit attentions. */
static void a_conflict_goes_before_what_is_not_a_reset(void)
{
	FOR_EACH_KNOWN() {
		bool conflicts = k->resv[1] == 'X';

		cst_itl_set_verdict(&emu.itl, CST_RESERVED_ALL);
		cst_ua_add(&emu.itl, CST_SENSE(MODE_PARAMETERS_CHANGED));
		emu.disk.dev.io_ref.dying = true;
		emu.itl.read_only = true;
		CHECK_MEETS(arrives(), conflicts ? CST_RESERVATION_CONFLICT :
			    always_answered() ? CST_OK :
			    CST_SENSE(MODE_PARAMETERS_CHANGED));
		CHECK_EQ(test_bit(CST_CMD_TELLS_UA, &cmd->flags),
			 !conflicts && !always_answered());
		cst_ua_add(&emu.itl, CST_SENSE(BUS_DEVICE_RESET));
		CHECK_MEETS(arrives(), always_answered() ? CST_OK :
			    CST_SENSE(BUS_DEVICE_RESET));
	}
}

/* --- ports --- */

static const struct {
	enum cst_port_state	state;
	char			letter;
	u8			ascq;
} states[] = {
	{ CST_PORT_STANDBY, 'S', 0x0b }, { CST_PORT_UNAVAILABLE, 'U', 0x0c },
	{ CST_PORT_OFFLINE, 'O', 0x12 }, { CST_PORT_TRANSITIONING, 'T', 0x0a },
};

static void check_port(unsigned int i, cst_sense_t got)
{
	const struct cst_sense_code *code = cst_sense_code(got);

	if (strchr(k->ports, states[i].letter)) {
		CHECK_MEETS(got, CST_OK);
		return;
	}
	CHECK_EQ(code->key, 0x02);
	CHECK_EQ(code->asc, 0x04);
	if (code->ascq != states[i].ascq)
		test_say(__FILE__, __LINE__, "%02x in state %c: %s", k->opcode,
			 states[i].letter, cst_sense_name(got));
}

static void a_port_that_is_not_active_refuses(void)
{
	unsigned int i;

	FOR_EACH_KNOWN() {
		for (i = 0; i < ARRAY_SIZE(states); i++) {
			emu_reset();
			cst_itl_set_port_state(&emu.itl, states[i].state);
			check_port(i, arrives());

			emu_reset();
			CHECK_MEETS(arrives(), CST_OK);
			cst_itl_set_port_state(&emu.itl, states[i].state);
			check_port(i, executes());

			cst_itl_set_port_state(&emu.itl, CST_PORT_ACTIVE);
			CHECK_MEETS(arrives(), CST_OK);
		}
	}
}

/*
 * An initiator at such a port is still told by unit attentions that the state has changed, and
 * of a reservation conflict.
 */
static void a_port_comes_behind_attentions_and_before_the_unit(void)
{
	FOR_EACH_KNOWN() {
		if (always_answered() || strchr(k->ports, 'S'))
			continue;
		cst_itl_set_port_state(&emu.itl, CST_PORT_STANDBY);
		cst_ua_add(&emu.itl, CST_SENSE(MODE_PARAMETERS_CHANGED));
		emu.disk.dev.ejected = true;
		emu.itl.read_only = true;
		CHECK_MEETS(arrives(), CST_SENSE(MODE_PARAMETERS_CHANGED));
		cst_ua_told(cmd);
		CHECK_MEETS(arrives(), CST_SENSE(PORT_STANDBY));
		if (k->resv[0] == 'X') {
			cst_itl_set_verdict(&emu.itl, CST_RESERVED_WRITES);
			CHECK_MEETS(arrives(), CST_RESERVATION_CONFLICT);
		}
	}
}

/* --- the state of the unit and of the nexus --- */

static void disable(void)
{
	emu.disk.dev.io_ref.dying = true;
	cst_gate_changed(&emu.disk.dev);
}

/* as device.c does */
static void enable(void)
{
	struct cst_device *dev = &emu.disk.dev;

	dev->ejected = false;
	dev->stopped = false;
	cst_ua_add_device(dev, NULL, CST_SENSE(MEDIUM_MAY_HAVE_CHANGED));
	dev->enabled_seq = cst_gate_changed(dev);
	dev->io_ref.dying = false;
}

static void enable_anew(void)
{
	disable();
	enable();
}

static void eject(void)
{
	CHECK_REASON(cst_medium_eject(&emu.disk.dev), CST_OK);
}

static void stop(void)
{
	cst_medium_stop(&emu.disk.dev);
}

static void stop_and_start(void)
{
	stop();
	cst_medium_start(&emu.disk.dev);
}

static void eject_and_load(void)
{
	eject();
	cst_medium_load(&emu.disk.dev, emu.sess);
}

/* as lun_map.c does */
static void protect_lun(void)
{
	emu.itl.read_only = true;
	cst_ua_add(&emu.itl, CST_SENSE(MODE_PARAMETERS_CHANGED));
	cst_gate_changed(&emu.disk.dev);
}

static void take_nexus_away(void)
{
	emu.itl.ref.dying = true;
	cst_gate_changed(&emu.disk.dev);
}

static void attention(void)
{
	cst_ua_add(&emu.itl, CST_SENSE(CAPACITY_DATA_CHANGED));
	cst_gate_changed(&emu.disk.dev);
}

static cst_sense_t if_medium(cst_sense_t reason)
{
	return k->medium ? reason : CST_OK;
}

static cst_sense_t after_disable(void)
{
	return if_medium(CST_SENSE(MANUAL_INTERVENTION_REQUIRED));
}

static cst_sense_t after_enable_anew(void)
{
	return if_medium(CST_SENSE(MEDIUM_MAY_HAVE_CHANGED));
}

static cst_sense_t after_eject(void)
{
	return needs_no_medium() ? CST_OK : if_medium(CST_SENSE(MEDIUM_NOT_PRESENT));
}

static cst_sense_t after_stop(void)
{
	return needs_no_medium() ? CST_OK : if_medium(CST_SENSE(INITIALIZING_COMMAND_REQUIRED));
}

static cst_sense_t after_protect_device(void)
{
	return k->writes ? CST_SENSE(WRITE_PROTECTED) : CST_OK;
}

/* Who may not write may not alter the unit for others either. */
static cst_sense_t after_protect_lun(void)
{
	return cmd->op->flags & CST_OP_ALTERS ? CST_SENSE(WRITE_PROTECTED) :
	       after_protect_device();
}

static cst_sense_t after_take_nexus_away(void)
{
	return always_answered() ? CST_OK : CST_SENSE(LU_NOT_SUPPORTED);
}

/* A unit attention that was established after the command came: the next command tells it. */
static cst_sense_t after_attention(void)
{
	return CST_OK;
}

/* A change that the command treats as if it had happened before the command came. */
static cst_sense_t after_all(void)
{
	return CST_OK;
}

static const struct {
	void		(*change)(void);
	cst_sense_t	(*meets)(void);
} changes[] = {
	{ disable, after_disable }, { enable_anew, after_enable_anew },
	{ eject, after_eject }, { eject_and_load, after_all },
	{ stop, after_stop }, { stop_and_start, after_all },
	{ protect_lun, after_protect_lun }, { take_nexus_away, after_take_nexus_away },
	{ attention, after_attention },
};

static void what_changes_while_a_command_waits(void)
{
	unsigned int i;

	FOR_EACH_KNOWN() {
		for (i = 0; i < ARRAY_SIZE(changes); i++) {
			emu_reset();
			CHECK_MEETS(arrives(), CST_OK);
			changes[i].change();
			CHECK_MEETS(executes(), changes[i].meets());
			/* A command that came before a unit attention does not tell it. */
			CHECK(!test_bit(CST_CMD_TELLS_UA, &cmd->flags));

			/* A change that lets the command pass is not looked at again. */
			if (!changes[i].meets()) {
				CHECK_EQ(cmd->gate_seq,
					 atomic_long_read(&emu.disk.dev.gate_seq));
			}
		}
	}
}

/* Of two changes at once, the one that is earlier on the list is answered. */
static void the_second_list_has_an_order(void)
{
	FOR_EACH_KNOWN() {
		if (!k->writes)
			continue;
		CHECK_MEETS(arrives(), CST_OK);
		stop();
		CHECK_MEETS(executes(), CST_SENSE(INITIALIZING_COMMAND_REQUIRED));
		eject();
		CHECK_MEETS(executes(), CST_SENSE(MEDIUM_NOT_PRESENT));
		disable();
		CHECK_MEETS(executes(), CST_SENSE(MANUAL_INTERVENTION_REQUIRED));
		protect_lun();
		CHECK_MEETS(executes(), CST_SENSE(WRITE_PROTECTED));
		enable();
		CHECK_MEETS(executes(), CST_SENSE(MEDIUM_MAY_HAVE_CHANGED));
		cst_itl_set_port_state(&emu.itl, CST_PORT_STANDBY);
		CHECK_MEETS(executes(), CST_SENSE(PORT_STANDBY));
		cst_itl_set_verdict(&emu.itl, CST_RESERVED_WRITES);
		CHECK_MEETS(executes(), CST_RESERVATION_CONFLICT);
		take_nexus_away();
		CHECK_MEETS(executes(), CST_SENSE(LU_NOT_SUPPORTED));
	}
}

/* An enabling is noticed however many other changes follow it. */
static void an_enabling_is_not_forgotten(void)
{
	FOR_EACH_KNOWN() {
		if (!k->medium)
			continue;
		CHECK_MEETS(arrives(), CST_OK);
		enable_anew();
		eject_and_load();
		stop_and_start();
		protect_lun();
		emu.itl.read_only = false;
		CHECK_MEETS(executes(), CST_SENSE(MEDIUM_MAY_HAVE_CHANGED));
		/* A command that came after it passes, once the unit attention has been told. */
		emu.itl.ua_pending = false;
		emu.itl.ua_count = 0;
		CHECK_MEETS(arrives(), CST_OK);
		attention();
		CHECK_MEETS(executes(), CST_OK);
	}
}

/* A command that has begun holds the device, and disabling waits for it. */
static void one_that_holds_the_device_is_not_refused_for_it(void)
{
	FOR_EACH_KNOWN() {
		CHECK_MEETS(arrives(), CST_OK);
		__set_bit(CST_CMD_IO_REF, &cmd->flags);
		disable();
		CHECK_MEETS(executes(), CST_OK);
		cmd->flags = 0;
	}
}

static void what_is_so_when_it_comes(void)
{
	FOR_EACH_KNOWN() {
		emu.task_attr = CST_TASK_ACA;
		comes();
		cmd->task_attr = CST_TASK_ACA;
		CHECK_MEETS(cst_gate(cmd), CST_SENSE(INVALID_MESSAGE));

		emu.itl.read_only = true;
		CHECK_MEETS(arrives(), after_protect_lun());
		emu.itl.read_only = false;
		emu.disk.dev.read_only = true;
		CHECK_MEETS(arrives(), after_protect_device());
		disable();
		CHECK_MEETS(arrives(), k->writes ? CST_SENSE(WRITE_PROTECTED) :
			    after_disable());
		emu.disk.dev.read_only = false;
		stop();
		CHECK_MEETS(arrives(), after_disable());
		emu.disk.dev.io_ref.dying = false;
		CHECK_MEETS(arrives(), after_stop());
		disable();
		eject();
		CHECK_MEETS(arrives(), after_disable());
		emu.disk.dev.io_ref.dying = false;
		CHECK_MEETS(arrives(), after_eject());
		attention();
		CHECK_MEETS(arrives(), always_answered() ? CST_OK :
			    CST_SENSE(CAPACITY_DATA_CHANGED));
		CHECK_EQ(test_bit(CST_CMD_TELLS_UA, &cmd->flags), !always_answered());
	}
}

TEST_MAIN(T(every_row_stands_in_the_table), T(rows_say_what_the_standards_say),
	  T(a_reservation_is_kept), T(a_conflict_goes_before_what_is_not_a_reset),
	  T(a_port_that_is_not_active_refuses),
	  T(a_port_comes_behind_attentions_and_before_the_unit),
	  T(what_changes_while_a_command_waits), T(the_second_list_has_an_order),
	  T(an_enabling_is_not_forgotten),
	  T(one_that_holds_the_device_is_not_refused_for_it), T(what_is_so_when_it_comes))
