// SPDX-License-Identifier: GPL-2.0
/*
 * A loadable object for GNU make with one function, $(leave STATUS), which
 * ends make with that status. Make itself has only 2 for whatever failed, and
 * "make vm CMD=…" is to return the status of the command.
 */
#include <gnumake.h>
#include <stdio.h>
#include <stdlib.h>

int plugin_is_GPL_compatible;

static char *leave(const char *name, unsigned int argc, char **argv)
{
	(void)name;
	(void)argc;
	fflush(NULL);
	exit(atoi(argv[0]));
}

int status_gmk_setup(void);
int status_gmk_setup(void)
{
	gmk_add_function("leave", leave, 1, 1, GMK_FUNC_DEFAULT);
	return 1;
}
