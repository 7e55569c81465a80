/* SPDX-License-Identifier: GPL-2.0 */
/* Memory for large messages: of pages of its own, touched only where used. */
#ifndef DIPC_TEST_BUFFER_H
#define DIPC_TEST_BUFFER_H

#include "dipc_test.h"

#define KIB	1024UL
#define MIB	(1024 * KIB)

uint8_t *buffer_map(size_t len);	/* or NULL; munmap() gives it back */

#endif /* DIPC_TEST_BUFFER_H */
