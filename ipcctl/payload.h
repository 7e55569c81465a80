/* SPDX-License-Identifier: GPL-2.0 */
/* How the bytes of a message are shown. */
#ifndef IPCCTL_PAYLOAD_H
#define IPCCTL_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>

char *payload_hex(const void *data, size_t len);
char *payload_quoted(const void *data, size_t len);
void payload_put_json(const void *data, size_t len);

#endif /* IPCCTL_PAYLOAD_H */
