// SPDX-License-Identifier: GPL-2.0-only
/*
 * order.c: in any history of arrivals, data, ends, aborts, grace periods and timers, the
 * rules of SAM-5 8.6 hold and every command runs in the end.  The emulated kernel and the
 * check of the rules are those of the unit test, test_order.c.
 */
#include <stdarg.h>

#define main order_test_main
#include "../unit/test_order.c"
#undef main

bool test_failed;

void test_say(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	abort();
}

int test_main(const struct test *tests, size_t n)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u8 attrs[] = {
		CST_TASK_SIMPLE, CST_TASK_ORDERED, CST_TASK_HEAD_OF_QUEUE, CST_TASK_ACA,
	};
	unsigned int i, arg;

	start();
	for (; size; data++, size--) {
		/* Three bits choose the step, five bits the command or a variant. */
		arg = *data >> 3;
		i = nr ? (nr - 1 - arg % nr) : 0;
		switch (*data & 7) {
		case 0:
		case 1:
			if (nr == ARRAY_SIZE(cmds))
				break;
			i = enter_op(attrs[arg & 3], arg & 16 ? &op_hoq : &op);
			if (*data & 1)
				ready(i);
			break;
		case 2:
			if (states[i] == ENTERED)
				ready(i);
			break;
		case 3:
			if (states[i] == RUNS)
				leave(i);
			break;
		case 4:
			grace();
			break;
		case 5:
			timer();
			break;
		case 6:
			/* The command's data will not come. */
			if (states[i] == ENTERED && nr)
				leave(i);
			break;
		default:
			if (states[i] == READY)
				abort_cmd(i);
		}
	}
	finish();
	return 0;
}
