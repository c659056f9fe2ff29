// SPDX-License-Identifier: GPL-2.0-only
/*
 * command.c: commands that their handler parses, executes and aborts.  A handler plays what
 * a test says; aborts are those of abort.c.
 */
#include "emu.h"
#include "nexus.h"

#include <cst/spc.h>

static unsigned int warned;

#define WARN_ONCE(cond, ...) ({						\
	bool _cond = (cond);						\
									\
	if (0)								\
		printf(__VA_ARGS__);					\
	warned += _cond;						\
	_cond; })

#include "../../src/core/command.c"

static void nexus_tmf_done(struct cst_tmf *tmf)
{
}

void cst_session_let_go(struct cst_session *sess)
{
}

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

static cst_sense_t play_parse(struct cst_cmd *cmd)
{
	CHECK_EQ(cmd->dir, DMA_NONE);
	parsed++;
	cmd->dir = parse_dir;
	cmd->cdb_xfer_len = parse_len;
	return parse_answer;
}

static cst_sense_t play_execute(struct cst_cmd *cmd)
{
	may_sleep[executed] = cst_cmd_may_sleep(cmd);
	if (in_execute)
		in_execute(cmd);
	return answers[executed++];
}

static void play_abort(struct cst_cmd *cmd)
{
	struct cst_cmd_list *list = per_cpu_ptr(cmd->sess->active, cmd->cpu);

	CHECK(list->lock.held);
	told++;
}

static const struct cst_command_ops play_commands = {
	.parse = play_parse, .execute = play_execute, .abort = play_abort,
};

static struct cst_handler_ops play_ops = {
	.name = "play", .commands = &play_commands,
};

static const struct cst_op *const play_tables[] = {
	cst_spc_inquiry_ops, cst_spc_opcodes_ops, NULL
};

static const struct cst_vpd_page *const play_vpd[] = { NULL };

static struct cst_type_index play_index;

static const struct cst_dev_type play_type = {
	.name = "play", .peripheral = 0x03, .ops = play_tables, .any = &cst_any_op,
	.vpd = play_vpd, .index = &play_index,
};

static struct task *t;

/* One that has come, with its LUN looked up. */
static void a_command(void)
{
	static bool made;

	if (!made)
		CHECK_EQ(cst_dev_type_init(&play_type), 0);
	made = true;
	nexuses_start(2);
	nexuses[0]->sess.max_xfer = 1 << 20;
	devs[0].ops = &play_ops;
	devs[0].type = &play_type;
	play_ops.may_block = true;
	t = submit(nexuses[0], 0, 1);
	t->cmd.type = &play_type;
	t->cmd.op = &cst_any_op;
	warned = 0;
	memset(dev_stats, 0, sizeof(dev_stats));
	parsed = 0;
	parse_answer = CST_OK;
	executed = 0;
	in_execute = NULL;
	told = 0;
	memset(answers, 0, sizeof(answers));
}

/* It asks for @len bytes of data-in, and @exp are expected. */
static void a_command_in(u32 len, u32 exp)
{
	a_command();
	t->cmd.dir = DMA_FROM_DEVICE;
	t->cmd.exp_dir = DMA_FROM_DEVICE;
	t->cmd.cdb_xfer_len = len;
	t->cmd.exp_len = exp;
}

/* exec.c in short */
static void execute(void)
{
	cst_sense_t reason = t->cmd.op->execute(&t->cmd);

	if (reason == CST_WOULD_BLOCK) {
		__set_bit(CST_CMD_IN_WORKER, &t->cmd.flags);
		reason = t->cmd.op->execute(&t->cmd);
	}
	if (reason != CST_PENDING)
		cst_cmd_finish(&t->cmd, reason);
}

#define ANSWER(...) cst_cmd_answer(&t->cmd, &(struct cst_answer){ __VA_ARGS__ })

#define CHECK_ANSWER(_status, _data_len, _residual) do {		\
	CHECK_EQ(t->fate, ANSWERED);					\
	CHECK_EQ(t->cmd.status, _status);				\
	CHECK_EQ(t->cmd.data_len, _data_len);				\
	CHECK_EQ(t->cmd.residual, _residual);				\
} while (0)

/* --- parsing --- */

static cst_sense_t parse(unsigned int len, const u8 *cdb)
{
	/* On the heap, so that reading past it is seen. */
	u8 *copy = malloc(len ? len : 1);
	cst_sense_t reason;

	a_command();
	parse_dir = DMA_NONE;
	parse_len = 0;
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
	CHECK(cst_op_find(&play_type, cdb, 6, &reason, &detail) == cst_spc_inquiry_ops);
	cdb[0] = 0xa3;
	cdb[1] = 0x0c;
	CHECK(cst_op_find(&play_type, cdb, 12, &reason, &detail) == cst_spc_opcodes_ops);
	/* Another service action of the same code */
	cdb[1] = 0x0a;
	CHECK(cst_op_find(&play_type, cdb, 12, &reason, &detail) == &cst_any_op);
	cdb[0] = 0xc0;
	CHECK(cst_op_find(&play_type, cdb, 12, &reason, &detail) == &cst_any_op);
	CHECK_REASON(reason, CST_OK);
	end(t);
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
	t->cmd.cdb = (u8 *)cdb;
	t->cmd.cdb_len = 6;
	parse_dir = DMA_FROM_DEVICE;
	parse_len = 1 << 20;
	CHECK_REASON(cst_parse(&t->cmd), CST_OK);
	CHECK_EQ(t->cmd.cdb_xfer_len, 1 << 20);
	parse_len++;
	CHECK_REASON(cst_parse(&t->cmd), CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK(!t->cmd.detail.field_valid);
	/* Nothing moves in no direction. */
	parse_dir = DMA_NONE;
	CHECK_REASON(cst_parse(&t->cmd), CST_OK);
	CHECK_EQ(t->cmd.cdb_xfer_len, 0);
	CHECK_EQ(warned, 0);
	parse_dir = 0;
	CHECK_REASON(cst_parse(&t->cmd), CST_SENSE(INTERNAL_TARGET_FAILURE));
	CHECK_EQ(warned, 1);
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
	CHECK_EQ(warned, 0);
	nexuses_end();

	/* There again it may not, nor without may_block at all. */
	a_command_in(100, 100);
	answers[0] = CST_WOULD_BLOCK;
	answers[1] = CST_WOULD_BLOCK;
	execute();
	CHECK_ANSWER(SAM_STAT_CHECK_CONDITION, 0, 100);
	CHECK_EQ(warned, 1);
	nexuses_end();
	a_command_in(100, 100);
	play_ops.may_block = false;
	answers[0] = CST_WOULD_BLOCK;
	execute();
	CHECK_EQ(executed, 1);
	CHECK_BYTES(t->cmd.sense, 0x70, 0, 0x04, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x44, 0x00);
	CHECK_EQ(warned, 1);
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
	CHECK_EQ(warned, 0);
	nexuses_end();
}

static void sense_is_of_any_length(void)
{
	static const u8 fill[300] = { 0x72, 5, [251] = 0xaa, [252] = 0xbb };

	pends(512, 512);
	ANSWER(.status = SAM_STAT_CHECK_CONDITION, .sense = fill, .sense_len = 252,
	       .moved = 512);
	/* The data that has moved stays. */
	CHECK_ANSWER(SAM_STAT_CHECK_CONDITION, 512, 0);
	CHECK_EQ(t->cmd.sense_len, 252);
	CHECK(!memcmp(t->cmd.sense, fill, 252));
	CHECK_EQ(dev_stats[0].errors, 1);
	CHECK_EQ(warned, 0);
	nexuses_end();

	/* No status but that one has any. */
	pends(512, 512);
	ANSWER(.status = SAM_STAT_BUSY, .sense = fill, .sense_len = 8);
	CHECK_EQ(t->cmd.sense_len, 0);
	CHECK_EQ(warned, 0);
	nexuses_end();
}

/* The handler's memory in the command is where sense goes. */
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
	CHECK_EQ(warned, 1);
	nexuses_end();

	pends(100, 100);
	ANSWER(.status = SAM_STAT_CHECK_CONDITION, .sense = fill, .sense_len = 253);
	CHECK_EQ(t->cmd.sense_len, 252);
	CHECK_EQ(warned, 1);
	nexuses_end();

	pends(100, 100);
	ANSWER(.status = 0x10);
	CHECK_ANSWER(SAM_STAT_CHECK_CONDITION, 0, 100);
	CHECK_BYTES(t->cmd.sense, 0x70, 0, 0x04, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x44, 0x00);
	CHECK(warned);
	nexuses_end();

	pends(100, 100);
	ANSWER(.status = SAM_STAT_CHECK_CONDITION);
	CHECK_EQ(t->cmd.sense_len, 18);
	CHECK_EQ(warned, 1);
	nexuses_end();

	/* Twice */
	pends(100, 100);
	ANSWER(.moved = 100);
	ANSWER(.status = SAM_STAT_BUSY);
	CHECK_ANSWER(SAM_STAT_GOOD, 100, 0);
	CHECK_EQ(warned, 1);
	nexuses_end();
}

static void answer_good(struct cst_cmd *cmd)
{
	cst_cmd_answer(cmd, &(struct cst_answer){ .moved = 10 });
	/* The command is there until execute returns. */
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
	/* It has been told already. */
	abort_all(NULL);
	cst_session_abort_all(&nexuses[0]->sess);
	CHECK_EQ(told, 1);
	CHECK_EQ(t->fate, UNDER_WAY);
	ANSWER(.status = SAM_STAT_TASK_ABORTED);
	CHECK(t->was_dropped);
	nexuses_end();

	/* By another nexus, which resets the unit, or by the loss of its own */
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
	/* It has not been executed. */
	memset(aborts, 0, sizeof(aborts));
	a_command();
	abort_all(NULL);
	cst_cmd_finish(&t->cmd, CST_SENSE(COMMAND_ABORTED));
	CHECK_EQ(told, 0);
	nexuses_end();

	/* It is executed just now: told when execute has answered that it pends. */
	memset(aborts, 0, sizeof(aborts));
	a_command();
	in_execute = abort_all;
	answers[0] = CST_PENDING;
	execute();
	CHECK_EQ(told, 1);
	ANSWER();
	CHECK(t->was_dropped);
	nexuses_end();

	/* ... and not when it answers itself */
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

	/* It has been answered and not been released. */
	memset(aborts, 0, sizeof(aborts));
	pends(0, 0);
	ANSWER();
	abort_all(NULL);
	CHECK_EQ(told, 0);
	CHECK_EQ(t->fate, ANSWERED);
	nexuses_end();
	CHECK_EQ(warned, 0);
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
