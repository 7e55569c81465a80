/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What goes to standard output: a list of records, each a row of fields. One
 * description of a record serves for a table, for a list of one record's
 * fields, and for JSON. A field with a title and a key is in both text and
 * JSON, one without title only in JSON, one without key only in text.
 *
 * Every record of a list has the same titles in the same order.
 */
#ifndef IPCCTL_OUT_H
#define IPCCTL_OUT_H

#include <stdbool.h>
#include <stdint.h>

enum out_form {
	OUT_TABLE,	/* one row a record; JSON: an array */
	OUT_ITEM,	/* one record, a line each field; JSON: an array of one */
	OUT_OBJECT,	/* the same; JSON: the object alone */
	OUT_LINES,	/* a line each record, as it comes; JSON: the same */
};

/* Beside records, "-d" shows what they are made of. */
extern bool out_details;

extern bool out_json;		/* from the command line, before out_begin() */

void out_begin(enum out_form form);
void out_record(void);
void out_str(const char *key, const char *title, const char *value);
void out_num(const char *key, const char *title, uint64_t value);
void out_int(const char *key, int64_t value);
void out_size(const char *key, const char *title, uint64_t bytes);
void out_bool(const char *key, bool value);
void out_text(const char *title, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void out_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void out_list(const char *key);
void out_list_end(void);
void out_group(const char *key);
void out_group_end(void);
void out_end(void);

/* Room for out_format_size(). */
#define OUT_SIZE_MAX 24

const char *out_format_size(char *buf, uint64_t bytes);

#endif /* IPCCTL_OUT_H */
