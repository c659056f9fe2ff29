// SPDX-License-Identifier: GPL-2.0-only
/*
 * command.c: commands that their handler parses, executes and aborts.  The handler does what
 * a test sets; aborts go through the real abort.c.
 */
#include <cst/command.h>
#include <cst/spc.h>

#include "nexus.h"

static void abort_is_done(struct cst_abort *abort)
{
}

/* --- the handler --- */

static u8 parse_dir;
static u32 parse_len;
static cst_sense_t parse_answer;
static unsigned int parsed;

static cst_sense_t answers[4];
static unsigned int executed;
static void (*in_execute)(struct cst_cmd *cmd);
static unsigned int told;
static bool may_sleep[4];

static cst_sense_t own_parse(struct cst_cmd *cmd)
{
	CHECK_EQ(cmd->dir, DMA_NONE);
	parsed++;
	cmd->dir = parse_dir;
	cmd->cdb_xfer_len = parse_len;
	return parse_answer;
}

static cst_sense_t own_execute(struct cst_cmd *cmd)
{
	may_sleep[executed] = cst_cmd_may_sleep(cmd);
	if (in_execute)
		in_execute(cmd);
	return answers[executed++];
}

static void own_abort(struct cst_cmd *cmd)
{
	struct cst_cmd_list *list = per_cpu_ptr(cmd->sess->active, cmd->cpu);

	CHECK(list->lock.held);
	told++;
}

static const struct cst_command_ops own_commands = {
	.parse = own_parse, .execute = own_execute, .abort = own_abort,
};

static struct cst_handler_ops own_ops = {
	.name = "own", .commands = &own_commands,
};

static const struct cst_op *const own_tables[] = {
	cst_spc_inquiry_ops, cst_spc_opcodes_ops, NULL
};

static struct cst_type_index own_index;

static const struct cst_dev_type own_type = {
	.name = "own", .peripheral = 0x03, .ops = own_tables, .any = &cst_any_op,
	.vpd = play_vpd, .index = &own_index,
};

static struct task *t;

/* Make a command that is not submitted yet; its CDB is vendor specific. */
static void a_command(void)
{
	if (!own_index.nr_ops)
		CHECK_EQ(cst_dev_type_init(&own_type), 0);
	nexuses_start(2);
	nexuses[0]->sess.max_xfer = 1 << 20;
	devs[0].ops = &own_ops;
	devs[0].type = &own_type;
	own_ops.may_block = true;
	t = new_task(nexuses[0], 0, 1);
	parsed = 0;
	parse_dir = DMA_NONE;
	parse_len = 0;
	parse_answer = CST_OK;
	executed = 0;
	in_execute = NULL;
	told = 0;
	memset(answers, 0, sizeof(answers));
}

/* As a_command(); it asks for @len bytes of data-in, and the initiator expects @exp. */
static void a_command_in(u32 len, u32 exp)
{
	a_command();
	parse_dir = DMA_FROM_DEVICE;
	parse_len = len;
	t->cmd.exp_dir = DMA_FROM_DEVICE;
	t->cmd.exp_len = exp;
}

static void execute(void)
{
	cst_cmd_submit(&t->cmd);
	run_works();
}

#define ANSWER(...) cst_cmd_answer(&t->cmd, &(struct cst_answer){ __VA_ARGS__ })

#define CHECK_ANSWER(_status, _data_len, _residual) do {		\
	CHECK_EQ(t->fate, ANSWERED);					\
	CHECK_EQ(t->cmd.status, _status);				\
	CHECK_EQ(t->cmd.data_len, _data_len);				\
	CHECK_EQ(t->cmd.residual, _residual);				\
} while (0)

/* --- parsing --- */

/* Only parse a CDB: the result of parse.c, and the field that it points at. */
static cst_sense_t parse(unsigned int len, const u8 *cdb)
{
	/* On the heap, so that the sanitizer notices a read beyond the CDB. */
	u8 *copy = malloc(len ? len : 1);
	cst_sense_t reason;

	a_command();
	nr_tasks = 0;
	t->cmd.dev = &devs[0];
	t->cmd.type = &own_type;
	memcpy(copy, cdb, len);
	t->cmd.cdb = copy;
	t->cmd.cdb_len = len;
	reason = cst_parse(&t->cmd);
	free(copy);
	return reason;
}

static void any_is_what_the_tables_do_not_have(void)
{
	struct cst_sense_detail detail = {};
	cst_sense_t reason = CST_OK;
	u8 cdb[16] = { 0x12 };

	a_command();
	CHECK(cst_op_find(&own_type, cdb, 6, &reason, &detail) == cst_spc_inquiry_ops);
	cdb[0] = 0xa3;
	cdb[1] = 0x0c;
	CHECK(cst_op_find(&own_type, cdb, 12, &reason, &detail) == cst_spc_opcodes_ops);
	/* another service action of the same operation code */
	cdb[1] = 0x0a;
	CHECK(cst_op_find(&own_type, cdb, 12, &reason, &detail) == &cst_any_op);
	cdb[0] = 0xc0;
	CHECK(cst_op_find(&own_type, cdb, 12, &reason, &detail) == &cst_any_op);
	CHECK_REASON(reason, CST_OK);
	nr_tasks = 0;
	nexuses_end();
}

static void its_length_is_by_the_group_code(void)
{
	static const struct {
		u8 opcode, len;
	} cases[] = {
		{ 0x08, 6 }, { 0x2f, 10 }, { 0x5f, 10 }, { 0x61, 6 }, { 0x7e, 6 },
		{ 0x8f, 16 }, { 0xaf, 12 }, { 0xc0, 6 }, { 0xff, 6 },
	};
	unsigned int i, len;
	u8 cdb[32] = {};

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cdb[0] = cases[i].opcode;
		memset(cdb + 1, 0xff, sizeof(cdb) - 1);
		for (len = 1; len < cases[i].len; len++) {
			CHECK_REASON(parse(len, cdb), CST_SENSE(INVALID_FIELD_IN_CDB));
			CHECK_EQ(t->cmd.detail.field, len);
			CHECK_EQ(parsed, 0);
		}
		CHECK_REASON(parse(len, cdb), CST_OK);
		CHECK_EQ(parsed, 1);
		CHECK_REASON(parse(32, cdb), CST_OK);
	}
	CHECK_REASON(parse(0, cdb), CST_SENSE(INVALID_FIELD_IN_CDB));
}

static void a_variable_length_is_in_the_cdb(void)
{
	u8 cdb[32] = { 0x7f, [7] = 24 };

	CHECK_REASON(parse(6, cdb), CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK_EQ(t->cmd.detail.field, 6);
	CHECK_REASON(parse(8, cdb), CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK_EQ(t->cmd.detail.field, 7);
	CHECK_REASON(parse(31, cdb), CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK_EQ(parsed, 0);
	CHECK_REASON(parse(32, cdb), CST_OK);
	CHECK_EQ(parsed, 1);
	cdb[7] = 0xff;
	CHECK_REASON(parse(32, cdb), CST_SENSE(INVALID_FIELD_IN_CDB));
	cdb[7] = 0;
	CHECK_REASON(parse(8, cdb), CST_OK);
}

static void what_parse_says_is_bounded(void)
{
	static const u8 cdb[6] = { 0xc0 };

	a_command();
	nr_tasks = 0;
	t->cmd.dev = &devs[0];
	t->cmd.type = &own_type;
	t->cmd.cdb = (u8 *)cdb;
	t->cmd.cdb_len = 6;
	parse_dir = DMA_FROM_DEVICE;
	parse_len = 1 << 20;
	CHECK_REASON(cst_parse(&t->cmd), CST_OK);
	CHECK_EQ(t->cmd.cdb_xfer_len, 1 << 20);
	parse_len++;
	CHECK_REASON(cst_parse(&t->cmd), CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK(!t->cmd.detail.field_valid);
	/* Without a direction no data moves. */
	parse_dir = DMA_NONE;
	CHECK_REASON(cst_parse(&t->cmd), CST_OK);
	CHECK_EQ(t->cmd.cdb_xfer_len, 0);
	CHECK_EQ(shim_warned, 0);
	parse_dir = 0;
	CHECK_REASON(cst_parse(&t->cmd), CST_SENSE(INTERNAL_TARGET_FAILURE));
	CHECK_EQ(shim_warned, 1);
	parse_answer = CST_SENSE(INVALID_COMMAND_OPERATION_CODE);
	CHECK_REASON(cst_parse(&t->cmd), CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
}

/* --- answers --- */

static void a_result_is_an_answer(void)
{
	a_command_in(100, 512);
	execute();
	CHECK_ANSWER(SAM_STAT_GOOD, 100, 412);
	CHECK_EQ(t->cmd.nr_bvec, 1);
	nexuses_end();

	a_command_in(512, 100);
	answers[0] = CST_CONDITION_MET;
	execute();
	CHECK_ANSWER(SAM_STAT_CONDITION_MET, 100, 412);
	CHECK(t->cmd.overflow);
	nexuses_end();

	a_command_in(100, 100);
	answers[0] = CST_RESERVATION_CONFLICT;
	execute();
	CHECK_ANSWER(SAM_STAT_RESERVATION_CONFLICT, 0, 100);
	nexuses_end();

	a_command_in(100, 100);
	emu.no_buffer = true;
	execute();
	emu.no_buffer = false;
	CHECK_ANSWER(SAM_STAT_BUSY, 0, 100);
	CHECK_EQ(executed, 0);
	nexuses_end();
}

static void it_blocks_in_a_worker(void)
{
	a_command_in(100, 100);
	answers[0] = CST_WOULD_BLOCK;
	execute();
	CHECK_ANSWER(SAM_STAT_GOOD, 100, 0);
	CHECK_EQ(executed, 2);
	CHECK(!may_sleep[0] && may_sleep[1]);
	CHECK_EQ(shim_warned, 0);
	nexuses_end();

	/* The second try may not block, and neither may a handler without may_block. */
	a_command_in(100, 100);
	answers[0] = CST_WOULD_BLOCK;
	answers[1] = CST_WOULD_BLOCK;
	execute();
	CHECK_ANSWER(SAM_STAT_CHECK_CONDITION, 0, 100);
	CHECK_EQ(shim_warned, 1);
	nexuses_end();
	a_command_in(100, 100);
	own_ops.may_block = false;
	answers[0] = CST_WOULD_BLOCK;
	execute();
	CHECK_EQ(executed, 1);
	CHECK_BYTES(t->cmd.sense, 0x70, 0, 0x04, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x44, 0x00);
	CHECK_EQ(shim_warned, 1);
	nexuses_end();
}

static void pends(u32 len, u32 exp)
{
	a_command_in(len, exp);
	answers[0] = CST_PENDING;
	execute();
	CHECK_EQ(t->fate, UNDER_WAY);
}

static void the_residual_follows_from_what_has_moved(void)
{
	pends(100, 512);
	ANSWER(.moved = 100);
	CHECK_ANSWER(SAM_STAT_GOOD, 100, 412);
	nexuses_end();

	pends(512, 100);
	ANSWER(.moved = 100);
	CHECK_ANSWER(SAM_STAT_GOOD, 100, 412);
	CHECK(t->cmd.overflow);
	nexuses_end();

	pends(512, 100);
	ANSWER(.moved = 60);
	CHECK_ANSWER(SAM_STAT_GOOD, 60, 40);
	CHECK(!t->cmd.overflow);
	nexuses_end();

	pends(512, 512);
	ANSWER(.status = SAM_STAT_TASK_ABORTED);
	CHECK_ANSWER(SAM_STAT_TASK_ABORTED, 0, 512);
	CHECK_EQ(shim_warned, 0);
	nexuses_end();
}

static void sense_is_of_any_length(void)
{
	static const u8 fill[300] = { 0x72, 5, [251] = 0xaa, [252] = 0xbb };

	pends(512, 512);
	ANSWER(.status = SAM_STAT_CHECK_CONDITION, .sense = fill, .sense_len = 252,
	       .moved = 512);
	/* The data that has moved counts, in spite of the error. */
	CHECK_ANSWER(SAM_STAT_CHECK_CONDITION, 512, 0);
	CHECK_EQ(t->cmd.sense_len, 252);
	CHECK(!memcmp(t->cmd.sense, fill, 252));
	CHECK_EQ(dev_stats[0].errors, 1);
	CHECK_EQ(shim_warned, 0);
	nexuses_end();

	/* Only CHECK CONDITION has sense. */
	pends(512, 512);
	ANSWER(.status = SAM_STAT_BUSY, .sense = fill, .sense_len = 8);
	CHECK_EQ(t->cmd.sense_len, 0);
	CHECK_EQ(shim_warned, 0);
	nexuses_end();
}

/* The handler may build sense in its own memory in the command, where sense is stored. */
static void sense_may_lie_in_the_command(void)
{
	u8 *own;

	pends(0, 0);
	own = cst_cmd_priv(&t->cmd);
	memset(own, 0x11, 20);
	own[19] = 0x22;
	ANSWER(.status = SAM_STAT_CHECK_CONDITION, .sense = own, .sense_len = 20);
	CHECK_BYTES(t->cmd.sense, 0x11);
	CHECK_EQ(t->cmd.sense[19], 0x22);
	CHECK_EQ(t->cmd.sense_len, 20);
	nexuses_end();
}

static void what_is_out_of_bounds_is_cut_off(void)
{
	static const u8 fill[300] = { 0x72, 5, [251] = 0xaa, [252] = 0xbb };

	pends(100, 100);
	ANSWER(.moved = 101);
	CHECK_ANSWER(SAM_STAT_GOOD, 100, 0);
	CHECK_EQ(shim_warned, 1);
	nexuses_end();

	pends(100, 100);
	ANSWER(.status = SAM_STAT_CHECK_CONDITION, .sense = fill, .sense_len = 253);
	CHECK_EQ(t->cmd.sense_len, 252);
	CHECK_EQ(shim_warned, 1);
	nexuses_end();

	pends(100, 100);
	ANSWER(.status = 0x10);
	CHECK_ANSWER(SAM_STAT_CHECK_CONDITION, 0, 100);
	CHECK_BYTES(t->cmd.sense, 0x70, 0, 0x04, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x44, 0x00);
	CHECK(shim_warned);
	nexuses_end();

	pends(100, 100);
	ANSWER(.status = SAM_STAT_CHECK_CONDITION);
	CHECK_EQ(t->cmd.sense_len, 18);
	CHECK_EQ(shim_warned, 1);
	nexuses_end();

	/* The handler answers twice. */
	pends(100, 100);
	ANSWER(.moved = 100);
	ANSWER(.status = SAM_STAT_BUSY);
	CHECK_ANSWER(SAM_STAT_GOOD, 100, 0);
	CHECK_EQ(shim_warned, 1);
	nexuses_end();
}

static void answer_good(struct cst_cmd *cmd)
{
	cst_cmd_answer(cmd, &(struct cst_answer){ .moved = 10 });
	/* The command exists until execute returns. */
	CHECK_EQ(t->fate, UNDER_WAY);
}

static void an_answer_may_come_before_execute_returns(void)
{
	a_command_in(100, 100);
	answers[0] = CST_PENDING;
	in_execute = answer_good;
	execute();
	CHECK_ANSWER(SAM_STAT_GOOD, 10, 90);
	nexuses_end();
}

/* --- aborts --- */

static struct cst_abort aborts[2];

static void abort_all(struct cst_cmd *cmd)
{
	struct cst_abort *abort = aborts[0].done ? &aborts[1] : &aborts[0];

	memset(abort, 0, sizeof(*abort));
	abort->sess = &nexuses[0]->sess;
	abort->end = jiffies + 10 * HZ;
	abort->done = abort_is_done;
	cst_abort_start(abort);
}

static void answer_and_abort(struct cst_cmd *cmd)
{
	answer_good(cmd);
	abort_all(cmd);
	CHECK_EQ(told, 0);
}

static void an_abort_is_told_while_the_handler_has_the_command(void)
{
	memset(aborts, 0, sizeof(aborts));
	pends(0, 0);
	abort_all(NULL);
	CHECK_EQ(told, 1);
	/* The handler has been told already, and is not told again. */
	abort_all(NULL);
	cst_session_abort_all(&nexuses[0]->sess);
	CHECK_EQ(told, 1);
	CHECK_EQ(t->fate, UNDER_WAY);
	ANSWER(.status = SAM_STAT_TASK_ABORTED);
	CHECK(t->was_dropped);
	nexuses_end();

	/* Aborted by another nexus, which resets the unit, or by the loss of its own nexus. */
	pends(0, 0);
	memset(aborts, 0, sizeof(aborts));
	aborts[0] = (struct cst_abort){
		.dev = &devs[0], .end = jiffies + 10 * HZ, .done = abort_is_done,
	};
	cst_abort_start(&aborts[0]);
	run_works();
	CHECK_EQ(told, 1);
	ANSWER();
	CHECK(t->was_dropped);
	nexuses_end();
	pends(0, 0);
	cst_session_abort_all(&nexuses[0]->sess);
	CHECK_EQ(told, 1);
	ANSWER();
	nexuses_end();
}

static void no_abort_is_told_before_or_after(void)
{
	/* The command has not been executed yet. */
	memset(aborts, 0, sizeof(aborts));
	a_command();
	parse_dir = DMA_TO_DEVICE;
	parse_len = 10;
	t->cmd.exp_dir = DMA_TO_DEVICE;
	t->cmd.exp_len = 10;
	emu.data_later = true;
	execute();
	abort_all(NULL);
	emu.data_later = false;
	emu_data_comes(t);
	CHECK(t->was_dropped);
	CHECK_EQ(executed, 0);
	CHECK_EQ(told, 0);
	nexuses_end();

	/* The command executes: the handler is told once execute has returned CST_PENDING, */
	memset(aborts, 0, sizeof(aborts));
	a_command();
	in_execute = abort_all;
	answers[0] = CST_PENDING;
	execute();
	CHECK_EQ(told, 1);
	ANSWER();
	CHECK(t->was_dropped);
	nexuses_end();

	/* and is not told when execute answers the command itself. */
	memset(aborts, 0, sizeof(aborts));
	a_command();
	in_execute = abort_all;
	execute();
	CHECK(t->was_dropped);
	CHECK_EQ(told, 0);
	nexuses_end();
	memset(aborts, 0, sizeof(aborts));
	a_command_in(100, 100);
	in_execute = answer_and_abort;
	answers[0] = CST_PENDING;
	execute();
	CHECK(t->was_dropped);
	CHECK_EQ(told, 0);
	nexuses_end();

	/* The command has been answered and not been released. */
	memset(aborts, 0, sizeof(aborts));
	pends(0, 0);
	ANSWER();
	abort_all(NULL);
	CHECK_EQ(told, 0);
	CHECK_EQ(t->fate, ANSWERED);
	nexuses_end();
	CHECK_EQ(shim_warned, 0);
}

TEST_MAIN(T(any_is_what_the_tables_do_not_have),
	  T(its_length_is_by_the_group_code),
	  T(a_variable_length_is_in_the_cdb),
	  T(what_parse_says_is_bounded),
	  T(a_result_is_an_answer),
	  T(it_blocks_in_a_worker),
	  T(the_residual_follows_from_what_has_moved),
	  T(sense_is_of_any_length),
	  T(sense_may_lie_in_the_command),
	  T(what_is_out_of_bounds_is_cut_off),
	  T(an_answer_may_come_before_execute_returns),
	  T(an_abort_is_told_while_the_handler_has_the_command),
	  T(no_abort_is_told_before_or_after))
