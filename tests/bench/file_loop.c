// file_loop send|receive|sendfile|splice FILE ADDR PORT: a file through TCP. `send` and `receive` do it as one first
// writes it, 32 KiB read and sent, 32 KiB received and written, with blocking calls. `sendfile` and `splice` are the
// same two sides with as few copies as the kernel allows. file_transfer.py compares the file transfer with both.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[32 << 10];
enum { piece = 1 << 20 };

static long checked(long result, const char* what) {
  if (result >= 0) return result;
  perror(what);
  exit(1);
}

static void write_all(int to, const char* bytes, size_t size) {
  while (size > 0) {
    const size_t written = (size_t)checked(write(to, bytes, size), "write");
    bytes += written;
    size -= written;
  }
}

static void copy(int from, int to) {
  for (;;) {
    const size_t size = (size_t)checked(read(from, buffer, sizeof buffer), "read");
    if (size == 0) return;
    write_all(to, buffer, size);
  }
}

static void send_pages(int from, int to) {
  while (checked(sendfile(to, from, NULL, piece), "sendfile") > 0) {
  }
}

// Through a pipe, since one end of splice() has to be one: a single copy, into the file.
static void receive_pages(int from, int to) {
  int ends[2];
  checked(pipe(ends), "pipe");
  checked(fcntl(ends[0], F_SETPIPE_SZ, piece), "enlarge the pipe");
  for (;;) {
    long left = checked(splice(from, NULL, ends[1], NULL, piece, 0), "splice");
    if (left == 0) return;
    while (left > 0) left -= checked(splice(ends[0], NULL, to, NULL, (size_t)left, 0), "splice");
  }
}

int main(int count, char** words) {
  if (count != 5) return 2;
  const int copies = strcmp(words[1], "send") == 0 || strcmp(words[1], "receive") == 0;
  const int sends = strncmp(words[1], "send", 4) == 0;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(words[4]))};
  if (inet_pton(AF_INET, words[3], &address.sin_addr) != 1) return 2;
  const int file = (int)checked(sends ? open(words[2], O_RDONLY) : creat(words[2], 0666), words[2]);
  const int connection = (int)checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
  if (sends) {
    checked(connect(connection, (struct sockaddr*)&address, sizeof address), "connect");
    copies ? copy(file, connection) : send_pages(file, connection);
  } else {
    checked(bind(connection, (struct sockaddr*)&address, sizeof address), "bind");
    checked(listen(connection, 1), "listen");
    const int sender = (int)checked(accept(connection, NULL, NULL), "accept");
    copies ? copy(sender, file) : receive_pages(sender, file);
  }
  return 0;
}
