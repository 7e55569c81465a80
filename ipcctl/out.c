// SPDX-License-Identifier: GPL-2.0
/*
 * Tables, lines and JSON. A table is kept until its end, since a column is
 * as wide as its widest cell; JSON and lines are written as they come.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

bool out_json;
bool out_details;

static enum out_form form;

struct cell {
	char *text;
	bool is_number;
};

/* Growing; the titles are those of the first record. */
struct cells {
	struct cell *of;
	size_t n, room;
};

static struct cells titles, cells;
/* Lines under records, and under which, from 1. */
static struct cells notes;
static size_t *note_of, note_room;
static size_t n_records;

/* How far JSON is: at each depth, whether a comma is due. */
static bool comma_due[8];
static unsigned int depth;

static void *check(void *p)
{
	if (!p) {
		fputs("ipcctl: no memory\n", stderr);
		exit(1);
	}
	return p;
}

/* Bytes that are not ASCII are none of ours; they stay valid JSON. */
static void json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

/* Before a value: a comma, and its key unless it is in an array. */
static void json_key(const char *key)
{
	if (comma_due[depth])
		putchar(',');
	comma_due[depth] = true;
	if (key) {
		json_string(key);
		putchar(':');
	}
}

static void json_open(const char *key, char bracket)
{
	json_key(key);
	putchar(bracket);
	comma_due[++depth] = false;
}

static void json_close(char bracket)
{
	putchar(bracket);
	depth--;
}

static void add(struct cells *to, const char *text, bool is_number)
{
	if (to->n == to->room) {
		to->room = to->room ? 2 * to->room : 64;
		to->of = check(realloc(to->of, to->room * sizeof(*to->of)));
	}
	to->of[to->n].text = check(strdup(text));
	to->of[to->n++].is_number = is_number;
}

static void empty(struct cells *of)
{
	size_t i;

	for (i = 0; i < of->n; i++)
		free(of->of[i].text);
	free(of->of);
	*of = (struct cells){ 0 };
}

/* A line under a record. */
static void add_note(const char *text)
{
	if (notes.n == note_room) {
		note_room = note_room ? 2 * note_room : 64;
		note_of = check(realloc(note_of, note_room * sizeof(*note_of)));
	}
	note_of[notes.n] = n_records;
	add(&notes, text, false);
}

/* A line is for reading: what is said of an object is named, but not it. */
static void line_cell(const char *title, const char *text)
{
	if (*title)
		printf(" %s %s", title, text);
	else
		printf("%s%s", comma_due[0] ? " " : "", text);
	comma_due[0] = true;
}

static void text_cell(const char *title, const char *text, bool is_number)
{
	if (form == OUT_LINES) {
		line_cell(title, text);
		return;
	}
	if (n_records == 1)
		add(&titles, title, is_number);
	add(&cells, text, is_number);
}

static void line_end(void)
{
	if (!n_records)
		return;
	if (out_json)
		json_close('}');
	putchar('\n');
	fflush(stdout);
}

/**
 * out_begin - begin a list of records
 * @f: how they are shown
 */
void out_begin(enum out_form f)
{
	form = f;
	depth = 0;
	n_records = 0;
	comma_due[0] = false;
}

static bool is_array(void)
{
	return form == OUT_TABLE || form == OUT_ITEM;
}

/**
 * out_record - begin a record; the one before is complete
 *
 * In OUT_LINES each is a list of its own. Nothing is written before the first
 * record, so that what fails leaves no half of a list.
 */
void out_record(void)
{
	if (out_json && n_records)
		json_close('}');
	else if (out_json && is_array())
		json_open(NULL, '[');
	n_records++;
	if (out_json)
		json_open(NULL, '{');
}

/**
 * out_str - a field that is a string
 * @key: in JSON; NULL if it has none, that is, no @title either, in an array
 * @title: in text; "" in OUT_LINES is a value without a title
 * @value: the value
 */
void out_str(const char *key, const char *title, const char *value)
{
	if (out_json && (key || !title)) {
		json_key(key);
		json_string(value);
	} else if (!out_json && title) {
		text_cell(title, value, false);
	}
}

/**
 * out_num - a field that is a number
 * @key: in JSON, NULL in an array
 * @title: in text
 * @value: the value
 */
void out_num(const char *key, const char *title, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	if (out_json) {
		json_key(key);
		fputs(text, stdout);
	} else if (title) {
		text_cell(title, text, true);
	}
}

/**
 * out_int - a field of JSON that is a number, also below 0
 * @key: its key
 * @value: the value
 */
void out_int(const char *key, int64_t value)
{
	if (!out_json)
		return;
	json_key(key);
	printf("%lld", (long long)value);
}

/**
 * out_size - a field that is a number of bytes
 * @key: in JSON
 * @title: in text, where it is shown with a unit if that is exact
 * @bytes: the value
 */
void out_size(const char *key, const char *title, uint64_t bytes)
{
	char text[OUT_SIZE_MAX];

	if (out_json)
		out_num(key, NULL, bytes);
	else if (title)
		text_cell(title, out_format_size(text, bytes), true);
}

/**
 * out_bool - a field of JSON that is true or false
 * @key: its key
 * @value: the value
 */
void out_bool(const char *key, bool value)
{
	if (!out_json)
		return;
	json_key(key);
	fputs(value ? "true" : "false", stdout);
}

/**
 * out_text - a field of text
 * @title: its title
 * @format: as of printf()
 */
void out_text(const char *title, const char *format, ...)
{
	char *text;
	va_list ap;
	int n;

	if (out_json)
		return;
	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	check(n < 0 ? NULL : text);
	text_cell(title, text, false);
	free(text);
}

/**
 * out_note - a line of text under this record, not in OUT_LINES
 * @format: as of printf()
 */
void out_note(const char *format, ...)
{
	char *text;
	va_list ap;
	int n;

	if (out_json)
		return;
	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	check(n < 0 ? NULL : text);
	add_note(text);
	free(text);
}

/**
 * out_list - begin an array in JSON; its members have no key
 * @key: its key
 */
void out_list(const char *key)
{
	if (out_json)
		json_open(key, '[');
}

/**
 * out_list_end - end an array
 */
void out_list_end(void)
{
	if (out_json)
		json_close(']');
}

/**
 * out_group - begin an object in JSON
 * @key: its key; NULL in an array
 */
void out_group(const char *key)
{
	if (out_json)
		json_open(key, '{');
}

/**
 * out_group_end - end an object
 */
void out_group_end(void)
{
	if (out_json)
		json_close('}');
}

static void pad(size_t from, size_t to)
{
	for (; from < to; from++)
		putchar(' ');
}

/* The last column is not padded: no line ends in spaces. */
static void print_cell(const char *text, bool is_number, size_t width,
		       bool is_last)
{
	if (is_number)
		pad(strlen(text), width);
	fputs(text, stdout);
	if (is_last) {
		putchar('\n');
	} else {
		if (!is_number)
			pad(strlen(text), width);
		fputs("  ", stdout);
	}
}

static void print_row(const struct cell *row, const size_t *widths)
{
	size_t c;

	for (c = 0; c < titles.n; c++)
		print_cell(row[c].text, row[c].is_number, widths[c],
			   c + 1 == titles.n);
}

/* Returns where the notes of the next record begin. */
static size_t print_notes(size_t first, size_t record)
{
	for (; first < notes.n && note_of[first] == record; first++)
		printf("    %s\n", notes.of[first].text);
	return first;
}

static void print_table(void)
{
	size_t note = 0;
	size_t *widths = check(calloc(titles.n, sizeof(*widths)));
	size_t i, c, len;

	for (c = 0; c < titles.n; c++)
		widths[c] = strlen(titles.of[c].text);
	for (i = 0; i < cells.n; i++) {
		len = strlen(cells.of[i].text);
		c = i % titles.n;
		if (len > widths[c])
			widths[c] = len;
	}
	print_row(titles.of, widths);
	for (i = 0; i + titles.n <= cells.n; i += titles.n) {
		print_row(cells.of + i, widths);
		note = print_notes(note, i / titles.n + 1);
	}
	free(widths);
}

static void print_item(void)
{
	size_t i, len, width = 0;

	for (i = 0; i < titles.n; i++) {
		len = strlen(titles.of[i].text);
		if (len > width)
			width = len;
	}
	for (i = 0; i < cells.n && i < titles.n; i++) {
		print_cell(titles.of[i].text, false, width, false);
		print_cell(cells.of[i].text, false, 0, true);
	}
	print_notes(0, 1);
}

/**
 * out_end - the list is complete
 */
void out_end(void)
{
	if (form == OUT_LINES) {
		line_end();
		return;
	}
	if (out_json) {
		if (n_records)
			json_close('}');
		if (n_records && is_array())
			json_close(']');
		puts(n_records ? "" : is_array() ? "[]" : "{}");
	} else if (n_records) {
		if (form == OUT_TABLE)
			print_table();
		else
			print_item();
	}
	empty(&titles);
	empty(&cells);
	empty(&notes);
	free(note_of);
	note_of = NULL;
	note_room = 0;
}

/**
 * out_format_size - a number of bytes for people
 * @buf: OUT_SIZE_MAX bytes
 * @bytes: the number
 *
 * With a unit only where that loses nothing, so that what is shown can be
 * typed in again.
 *
 * Return: @buf.
 */
const char *out_format_size(char *buf, uint64_t bytes)
{
	static const char units[] = " kMG";
	unsigned int i = 0;

	while (bytes && !(bytes % 1024) && i < strlen(units) - 1) {
		bytes /= 1024;
		i++;
	}
	snprintf(buf, OUT_SIZE_MAX, i ? "%llu%c" : "%llu",
		 (unsigned long long)bytes, units[i]);
	return buf;
}
