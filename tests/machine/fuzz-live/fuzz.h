/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live fuzzer: inputs, the surfaces that they are fed to, and the functions that
 * surfaces share.  fuzz.c has the loop; input.c has inputs and their mutation.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDS_MAX	12
#define RECORD_MAX	2048

/*
 * A record is sent as a whole: a PDU, or a SCSI command in the layout of scsi.c.  Fields
 * that the flags name are filled in when the record is sent, so that a PDU passes the
 * checks at which a random one fails.
 */
struct record {
	uint8_t		flags;
	uint16_t	len;
	uint8_t		data[RECORD_MAX];
};

#define FIX_CMDSN	0x01	/* the next CmdSN */
#define FIX_LENGTH	0x02	/* DataSegmentLength for the data; padding */
#define FIX_ITT		0x04	/* a new tag; of a Data-Out: the last command's */
#define FIX_TTT		0x08	/* the tag of the last R2T, after waiting for it */

struct input {
	unsigned int	count;
	struct record	rec[RECORDS_MAX];
};

enum outcome {
	RAN,		/* the input was processed, successfully or not */
	STALLED,	/* the peer waits for more of a PDU; the connection is dropped */
	BROKEN,		/* a correct request is not answered any more: a finding */
};

struct surface {
	const char	*name;
	bool		pdus;		/* records are PDUs */
	const char	*map;		/* the file of the coverage map */
	void		(*open)(void);
	enum outcome	(*run)(const struct input *in);
	bool		(*alive)(void);	/* whether a correct request is answered */
};

extern const struct surface wire_surface, login_surface, scsi_surface;

struct options {
	const char	*target;	/* the name of the iSCSI target */
	const char	*disk;		/* the sg device of a disk of loop */
	uint16_t	port;
};

extern struct options options;
extern unsigned long sent;		/* the number of records */

uint64_t rnd(void);
unsigned int below(unsigned int n);
void rnd_seed(uint64_t seed);
void die(const char *what);

/* input.c */
void input_mutate(struct input *in, bool pdus, const struct input *other);
bool input_load(struct input *in, const char *path);
size_t input_pack(const struct input *in, uint8_t *buf);
bool input_unpack(struct input *in, const uint8_t *buf, size_t len);
#define INPUT_PACKED_MAX	(RECORDS_MAX * (RECORD_MAX + 3))

/* pdu.c: shared by wire.c and login.c */
#define BHS		48
#define NONE		0xffffffffu
int tcp_connect(void);
bool tcp_write(int fd, const void *buf, size_t len);
bool tcp_wait(int fd, int ms);
int pdu_read(int fd, uint8_t *bhs, int ms);	/* 1: a PDU, 0: none in time, -1: closed */
size_t pdu_fix_length(uint8_t *pdu, size_t len);
int login(const char *name, uint32_t *cmdsn);
void put32(uint8_t *p, uint32_t v);
uint32_t get32(const uint8_t *p);

#endif /* FUZZ_H */
