// SPDX-License-Identifier: GPL-2.0
/*
 * The first process of a guest. Loads the modules that the initramfs brought,
 * makes the host's file tree (9p, read-only) the guest's, writable through an
 * overlay whose upper half is memory, mounts what a system has mounted, loads
 * dipc, runs the job it finds on the small shared folder, pumps the job's
 * output to a virtio port, writes the status to the shared folder and ends
 * QEMU. What the job is and where its files are, boot.sh decides (job_read).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHARE		"/run/dipc"
#define EXIT_PORT	0x501
#define DRAIN_MS	300

static char *job;	/* lines of key=value */

/* The value of the nth line with this key, or NULL. */
static char *job_get(const char *key, int nth)
{
	static char value[8192];
	size_t klen = strlen(key);

	for (char *l = job; l && *l; l = strchr(l, '\n'), l = l ? l + 1 : NULL) {
		if (strncmp(l, key, klen) || l[klen] != '=' || nth--)
			continue;
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(l + klen + 1, "\n"), l + klen + 1);
		return value;
	}
	return NULL;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

static char *read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0, size = 1 << 18;
	char *text = malloc(size);
	ssize_t n;

	if (fd < 0 || !text)
		return NULL;
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += n;
	text[len] = 0;
	close(fd);
	return text;
}

static void __attribute__((noreturn)) leave(void)
{
	sync();
	if (!ioperm(EXIT_PORT, 4, 1))
		outl(0, EXIT_PORT);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int e = errno;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("init: %s: %s\n", text, strerror(e));
	fflush(stdout);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), ": %s\n", strerror(e));
	write_file(SHARE "/error", text);
	leave();
}

static void must_mount(const char *what, const char *where, const char *type,
		       unsigned long flags, const char *opts)
{
	mkdir(where, 0755);
	if (mount(what, where, type, flags, opts))
		fail("mount %s on %s", type ? type : what, where);
}

/* What not every kernel or host has. */
static void may_mount(const char *what, const char *where, const char *type,
		      unsigned long flags, const char *opts)
{
	mkdir(where, 0755);
	if (mount(what, where, type, flags, opts))
		printf("init: no %s: %s\n", where, strerror(errno));
}

static void insmod(const char *path, const char *params)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail("open %s", path);
	if (syscall(SYS_finit_module, fd, params, 0) && errno != EEXIST)
		fail("load %s", path);
	close(fd);
}

static int run_quietly(char *const argv[])
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void load_boot_modules(void)
{
	char *list = read_file("/modules/order"), *save;

	if (!list)
		fail("/modules/order");
	for (char *m = strtok_r(list, "\n", &save); m; m = strtok_r(NULL, "\n", &save)) {
		char path[256];

		snprintf(path, sizeof(path), "/modules/%s", m);
		insmod(path, "");
	}
	free(list);
}

static void enter_host_tree(void)
{
	must_mount("tmpfs", "/rw", "tmpfs", 0, "mode=755");
	mkdir("/rw/upper", 0755);
	mkdir("/rw/work", 0755);
	must_mount("root", "/lower", "9p", MS_RDONLY,
		   "trans=virtio,version=9p2000.L,msize=262144,cache=loose");
	must_mount("overlay", "/new", "overlay", 0,
		   "lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work");
	must_mount("tmpfs", "/new/run", "tmpfs", 0, "mode=755");
	must_mount("share", "/new" SHARE, "9p", 0,
		   "trans=virtio,version=9p2000.L,msize=262144,cache=none");
	must_mount("/dev", "/new/dev", NULL, MS_MOVE, NULL);
	if (umount("/proc") || umount("/sys"))
		fail("umount");
	if (chdir("/new") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		fail("enter the host's tree");
}

static void mount_system(void)
{
	must_mount("proc", "/proc", "proc", 0, NULL);
	must_mount("sysfs", "/sys", "sysfs", 0, NULL);
	must_mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=666,mode=620");
	must_mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777");
	may_mount("mqueue", "/dev/mqueue", "mqueue", 0, NULL);
	may_mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	may_mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	may_mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory +pids");
	mkdir("/sys/fs/cgroup/test", 0755);
	if (symlink("/proc/self/fd", "/dev/fd") || symlink("/proc/self/fd/0", "/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/dev/stdout") || symlink("/proc/self/fd/2", "/dev/stderr"))
		printf("init: /dev/fd: %s\n", strerror(errno));
	mkdir("/run/lock", 01777);
	mkdir("/run/netns", 0755);
	chmod("/tmp", 01777);
	write_file("/proc/sys/kernel/hung_task_timeout_secs", "60");
}

static void network_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sethostname("dipc", 4))
		perror("sethostname");
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &ifr))
		return;
	ifr.ifr_flags |= IFF_UP;
	ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
}

static void make_path(char *path)
{
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		mkdir(path, 0755);
		*p = '/';
	}
	mkdir(path, 0755);
}

/* Stock modules where modprobe looks; dipc by modprobe's own configuration. */
static void modules_ready(void)
{
	char where[512], *v, *conf;

	if ((v = job_get("release", 0))) {
		snprintf(where, sizeof(where), "/lib/modules/%s", v);
		make_path(where);
		if ((v = job_get("modules", 0)) && mount(v, where, NULL, MS_BIND, NULL))
			fail("bind %s", v);
	}
	conf = read_file(SHARE "/modprobe.conf");
	if (conf) {
		strcpy(where, "/etc/modprobe.d");
		make_path(where);
		write_file("/etc/modprobe.d/dipc-guest.conf", conf);
		free(conf);
	}
	for (int i = 0; (v = job_get("modprobe", i)); i++) {
		char *argv[] = { "modprobe", v, NULL };

		if (run_quietly(argv))
			fail("modprobe %s", v);
	}
	if ((v = job_get("insmod", 0))) {
		char *path = strdup(v);

		v = job_get("params", 0);
		insmod(path, v ? v : "");
		free(path);
	}
}

/* Opens what matches the pattern, which the kernel may be about to make. */
static int open_soon(const char *pattern, int flags)
{
	struct timespec nap = { .tv_nsec = 5000000 };
	glob_t g;

	for (int i = 0; i < 1000; i++) {
		if (!glob(pattern, 0, NULL, &g)) {
			int fd = open(g.gl_pathv[0], flags);

			globfree(&g);
			if (fd >= 0)
				return fd;
		}
		nanosleep(&nap, NULL);
	}
	fail("open %s", pattern);
}

/*
 * What is dropped here is missing from a verdict, so nothing is: a port whose
 * other end is slow may take a part, or nothing for now. A host that is gone
 * ends the guest.
 */
static void write_all(int fd, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n <= 0) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };

			if (n < 0 && errno != EINTR && errno != EAGAIN)
				fprintf(stderr, "init: write: %s\n",
					strerror(errno));
			poll(&p, 1, 100);
			continue;
		}
		buf += n;
		len -= n;
	}
}

static void __attribute__((noreturn)) exec_job(void)
{
	char *cmd = read_file(SHARE "/cmd"), *v;
	char *argv[] = { "/bin/bash", "-c", cmd, NULL };
	char *login[] = { "/bin/bash", "--norc", "-i", NULL };
	sigset_t none;

	clearenv();
	for (int i = 0; (v = job_get("env", i)); i++)
		putenv(strdup(v));
	v = job_get("cwd", 0);
	if (v && chdir(v))
		perror(v);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(argv[0], cmd ? argv : login);
	perror(argv[0]);
	_exit(127);
}

/* Runs the job with its output pumped to the port; returns its wait status. */
static int run_piped(void)
{
	int port = open_soon("/dev/vport*p1", O_WRONLY | O_CLOEXEC), out[2], sfd, status = 0;
	static char buf[1 << 16];
	bool done = false;
	sigset_t chld;
	pid_t pid;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	sfd = signalfd(-1, &chld, SFD_CLOEXEC);
	if (sfd < 0 || pipe2(out, O_CLOEXEC))
		fail("pipe");
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDONLY);

		setsid();
		dup2(null, 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		exec_job();
	}
	close(out[1]);
	for (;;) {
		struct pollfd p[2] = { { .fd = out[0], .events = POLLIN },
				       { .fd = sfd, .events = POLLIN } };
		int n = poll(p, 2, done ? DRAIN_MS : -1);

		/* A child in the background may hold the pipe for ever. */
		if (done && !n)
			break;
		if (p[1].revents) {
			struct signalfd_siginfo si;
			int st;
			pid_t dead;

			if (read(sfd, &si, sizeof(si)) < 0)
				perror("signalfd");
			while ((dead = waitpid(-1, &st, WNOHANG)) > 0) {
				if (dead == pid) {
					status = st;
					done = true;
				}
			}
		}
		if (p[0].revents) {
			ssize_t len = read(out[0], buf, sizeof(buf));

			if (len <= 0) {
				close(out[0]);
				out[0] = -1;
				if (done)
					break;
			} else {
				write_all(port, buf, len);
			}
		}
		if (done && out[0] < 0)
			break;
	}
	return status;
}

/* An interactive shell on the virtio console. */
static int run_terminal(void)
{
	int status = 0;
	pid_t pid, dead;

	pid = fork();
	if (!pid) {
		struct winsize ws = { .ws_row = 24, .ws_col = 80 };
		char *v;
		int tty;

		setsid();
		tty = open_soon("/dev/hvc0", O_RDWR);
		ioctl(tty, TIOCSCTTY, 1);
		if ((v = job_get("rows", 0)) && atoi(v))
			ws.ws_row = atoi(v);
		if ((v = job_get("cols", 0)) && atoi(v))
			ws.ws_col = atoi(v);
		ioctl(tty, TIOCSWINSZ, &ws);
		dup2(tty, 0);
		dup2(tty, 1);
		dup2(tty, 2);
		if (tty > 2)
			close(tty);
		exec_job();
	}
	do {
		dead = wait(&status);
	} while (dead != pid && (dead > 0 || errno == EINTR));
	return status;
}

int main(void)
{
	char text[32], *v;
	int status;

	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, "mode=755");
	must_mount("proc", "/proc", "proc", 0, NULL);
	must_mount("sysfs", "/sys", "sysfs", 0, NULL);
	load_boot_modules();
	enter_host_tree();
	mount_system();
	network_up();
	job = read_file(SHARE "/job");
	if (!job)
		fail(SHARE "/job");
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	modules_ready();
	v = job_get("mode", 0);
	status = v && !strcmp(v, "terminal") ? run_terminal() : run_piped();
	snprintf(text, sizeof(text), "%d\n",
		 WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	write_file(SHARE "/rc", text);
	leave();
}
