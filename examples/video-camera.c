// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sends video frames that are never copied: each is drawn into memory of its
 * own, sealed, and handed over; video-screen.c reads the very pages that were
 * written here.
 *
 *	cc video-camera.c -o video-camera $(pkg-config --cflags --libs libkdbus)
 *	./video-screen & ./video-camera [ADDRESS]
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <kdbus/libkdbus.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SCREEN	"org.example.Screen1"
#define PATH	"/org/example/Screen1"
#define WIDTH	640
#define HEIGHT	480
#define SIZE	(WIDTH * HEIGHT * 4)
#define FRAMES	25

/* One grey more with each frame. */
static void draw(unsigned char *pixels, unsigned int number)
{
	memset(pixels, number * 10, SIZE);
}

/* A frame in memory that is a file. It is mapped only while it is drawn: what
 * can still be written cannot be sealed. */
static int frame_new(unsigned int number)
{
	int fd = memfd_create("frame", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *pixels;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, SIZE) < 0)
		goto fail;
	pixels = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pixels == MAP_FAILED)
		goto fail;
	draw(pixels, number);
	munmap(pixels, SIZE);
	return fd;
fail:
	close(fd);
	return -errno;
}

/*
 * The file is sealed when it becomes part of the message: from then on neither
 * we nor the screen can change it, so that the screen may trust what it has
 * looked at once. It is freed when both have closed it.
 */
static int frame_send(struct kdbus_connection *bus, unsigned int number)
{
	struct kdbus_message *call = NULL;
	int fd = frame_new(number), r;

	if (fd < 0)
		return fd;
	r = kdbus_message_new_call(SCREEN, PATH, SCREEN, "Show", &call);
	if (r >= 0)
		r = kdbus_message_append(call, "uuu", number, WIDTH, HEIGHT);
	if (r >= 0)
		r = kdbus_message_append_memfd(call, fd, 0, SIZE);
	/* the answer comes when it is shown: so we are never ahead */
	if (r >= 0)
		r = kdbus_call(bus, call, 0, NULL);
	kdbus_message_unref(call);
	close(fd);
	return r;
}

int main(int argc, char **argv)
{
	struct kdbus_connection *bus;
	unsigned int i;
	int r;

	r = kdbus_connect(argc > 1 ? argv[1] : NULL, 0, &bus);
	if (r < 0) {
		fprintf(stderr, "Cannot connect: %s\n", strerror(-r));
		return 1;
	}
	for (i = 0; i < FRAMES && r >= 0; i++)
		r = frame_send(bus, i);
	if (r < 0)
		fprintf(stderr, "Cannot send frame %u: %s\n", i - 1, strerror(-r));
	else
		printf("%u frames of %u bytes were sent.\n", FRAMES, SIZE);
	kdbus_disconnect(bus);
	return r < 0;
}
