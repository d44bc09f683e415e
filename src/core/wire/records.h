/* The operations and records of ZooKeeper's protocol: numbers, and what an answer consists of. */
#ifndef ZKNGINX_WIRE_RECORDS_H
#define ZKNGINX_WIRE_RECORDS_H

#include "cursor.h"

/* ZooDefs.OpCode */
enum wire_op {
	OP_NUMBER_ERROR = -1,
	OP_NUMBER_CLOSE = -11,
	OP_NUMBER_CREATE = 1,
	OP_NUMBER_DELETE = 2,
	OP_NUMBER_EXISTS = 3,
	OP_NUMBER_GET = 4,
	OP_NUMBER_SET = 5,
	OP_NUMBER_GET_ACL = 6,
	OP_NUMBER_SET_ACL = 7,
	OP_NUMBER_CHILDREN = 8,
	OP_NUMBER_SYNC = 9,
	OP_NUMBER_PING = 11,
	OP_NUMBER_CHILDREN2 = 12,
	OP_NUMBER_CHECK = 13,
	OP_NUMBER_MULTI = 14,
	OP_NUMBER_CREATE2 = 15,
	OP_NUMBER_AUTH = 100,
	OP_NUMBER_SET_WATCHES = 101,
};

/* The body of a successful answer. False: the cursor has the error, or the operation is none that
 * we send. Not of MULTI. */
bool record_answer(struct cursor *c, int32_t op);
/* Is this an operation that is answered, alone or within a transaction? */
bool record_is_known(int32_t op);
/* An operation within a transaction that we send, after its header. */
bool record_skip_part(struct cursor *c, int32_t op);
/* A path as ZooKeeper has it. */
bool record_path(struct cursor *c);
/* Is this one of the protocol's error codes, 0 included? */
bool record_is_error_code(int32_t code);

#endif
