// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Receives the video frames of video-camera.c, and shows what a terminal can
 * show of them: how bright they are.
 *
 *	cc video-screen.c -o video-screen $(pkg-config --cflags --libs libkdbus)
 *	./video-screen [ADDRESS]
 */
#include <errno.h>
#include <kdbus/libkdbus.h>
#include <stdio.h>
#include <string.h>

#define SCREEN	"org.example.Screen1"
#define PATH	"/org/example/Screen1"

/* The pixels are read in the camera's own memory, while the call lives. */
static int screen_show(struct kdbus_message *call, struct kdbus_message *reply, void *userdata)
{
	unsigned int *n_frames = userdata;
	uint32_t number, width, height;
	unsigned long long sum = 0;
	const void *data;
	const unsigned char *pixels;
	size_t size;
	int r;

	r = kdbus_message_read(call, "uuuay", &number, &width, &height, &data, &size);
	if (r < 0)
		return r;
	/* a camera may say what it likes */
	if (size != (uint64_t)width * height * 4 || size == 0)
		return kdbus_fail(reply, SCREEN ".Error.Size", "That is no frame of this size");
	pixels = data;
	for (size_t i = 0; i < size; i++)
		sum += pixels[i];
	printf("frame %u: %u x %u, brightness %llu\n", number, width, height, sum / size);
	++*n_frames;
	return 0;
}

static const struct kdbus_method methods[] = {
	{ "Show",	"uuuay",	"",	screen_show },
	{ NULL,		NULL,		NULL,	NULL },
};

int main(int argc, char **argv)
{
	struct kdbus_connection *bus;
	unsigned int n_frames = 0;
	int r;

	r = kdbus_connect(argc > 1 ? argv[1] : NULL, 0, &bus);
	if (r < 0) {
		fprintf(stderr, "Cannot connect: %s\n", strerror(-r));
		return 1;
	}
	r = kdbus_serve(bus, PATH, SCREEN, methods, &n_frames);
	if (r >= 0)
		r = kdbus_request_name(bus, SCREEN, 0);
	if (r >= 0)
		r = kdbus_run(bus, 5 * KDBUS_SECOND);
	if (r < 0)
		fprintf(stderr, "Cannot show: %s\n", strerror(-r));
	else
		printf("%u frames were shown.\n", n_frames);
	kdbus_disconnect(bus);
	return r < 0;
}
