// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs every input of a fuzzer's corpus once, in place of libFuzzer.  Prints a line for each
 * input, in the unit tests' form.  A sanitizer or an abort ends the program.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void run(const char *name)
{
	char path[4096];
	size_t size;
	uint8_t *data;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", CORPUS, name);
	f = fopen(path, "rb");
	if (!f) {
		perror(path);
		exit(1);
	}
	/* Memory of exactly the input's size, so that the sanitizer notices a byte too far. */
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	data = malloc(size ? size : 1);
	if (fread(data, 1, size, f) != size)
		exit(1);
	fclose(f);
	/* Print the name first, so that it is known which input ended the program. */
	printf("%s\n", name);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

int main(void)
{
	struct dirent **entries;
	int i, n = scandir(CORPUS, &entries, visible, alphasort);

	if (n <= 0) {
		fprintf(stderr, "%s: no inputs\n", CORPUS);
		return 1;
	}
	for (i = 0; i < n; i++) {
		run(entries[i]->d_name);
		printf("ok   %s\n", entries[i]->d_name);
		fflush(stdout);
		free(entries[i]);
	}
	free(entries);
	return 0;
}
