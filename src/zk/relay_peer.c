/* Who is at the other end of a loopback connection: this process, or another. */
#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "relay_parts.h"

static bool ends_are(int fd, const struct sockaddr_in *own, const struct sockaddr_in *other)
{
	struct sockaddr_in name = { 0 }, peer = { 0 };
	socklen_t name_size = sizeof(name), peer_size = sizeof(peer);

	return getsockname(fd, (struct sockaddr *)&name, &name_size) == 0 &&
	       getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0 &&
	       name.sin_family == AF_INET && peer.sin_family == AF_INET &&
	       name.sin_port == own->sin_port && name.sin_addr.s_addr == own->sin_addr.s_addr &&
	       peer.sin_port == other->sin_port && peer.sin_addr.s_addr == other->sin_addr.s_addr;
}

/* A connection has two descriptors; ours is the one whose ends are the other way round. The system
 * gives both ends of a connection to nobody else while they are open. */
bool relay_peer_is_own(int fd)
{
	struct sockaddr_in near = { 0 }, far = { 0 };
	socklen_t near_size = sizeof(near), far_size = sizeof(far);
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	if (getsockname(fd, (struct sockaddr *)&near, &near_size) < 0 ||
	    getpeername(fd, (struct sockaddr *)&far, &far_size) < 0)
		return false;
	dir = opendir("/proc/self/fd");
	while (dir && !found && (entry = readdir(dir)))
		found = *entry->d_name != '.' && ends_are(atoi(entry->d_name), &far, &near);
	if (dir)
		closedir(dir);
	return found;
}
