/*
 * Asks the running kernel what modify_ldt() answers.
 *
 * Reads calls from standard input, one a line: function, byte count, whether the buffer is missing, entry number,
 * base, limit, flags. The calls are made one after the other in one process. Writes for each the 64-bit result, and
 * a checksum of the buffer after it, in hexadecimal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BUFFER_BYTES (1 << 16)

static unsigned char buffer[BUFFER_BYTES + 4096];

static uint64_t checksum(void)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (int i = 0; i < BUFFER_BYTES; i++)
		sum = (sum ^ buffer[i]) * 0x100000001b3;
	return sum;
}

int main(void)
{
	uint64_t bytes;
	uint32_t words[4];
	int function, missing;

	while (scanf("%d %" SCNu64 " %d %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32, &function, &bytes, &missing,
		     &words[0], &words[1], &words[2], &words[3]) == 7) {
		long result;

		memset(buffer, 0x5a, sizeof(buffer));
		memcpy(buffer, words, sizeof(words));
		errno = 0;
		result = syscall(SYS_modify_ldt, function, missing ? (void *)1 : buffer, bytes);
		/* The C library turns a negative 64-bit result into errno; this call returns 32 bits, zero-extended. */
		printf("%" PRIx64 " %" PRIx64 "\n", errno ? -(uint64_t)errno : (uint64_t)result, checksum());
	}
	return 0;
}
