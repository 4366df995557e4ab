/* The floor: what it costs to receive and send DNS datagrams if next to nothing happens in between.
 *
 * usage: floor PORT    on 127.0.0.1
 *
 * Each query comes back as a response with one A record behind the question: the size of a usual answer. No name is
 * read, nothing is looked up. It sleeps in recvmmsg, takes what has come (at most BATCH), and sends as many with
 * sendmmsg. One thread, one socket.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, HEADER = 12, LONGEST = 512, RECEIVE_BUFFER = 4 * 1024 * 1024 };

/* RFC 1035, section 4.1.3: the name of the question, A, IN, TTL 300, 192.0.2.80. */
static const unsigned char record[16] = {0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 80};

static unsigned char datagrams[BATCH][LONGEST + sizeof record];
static struct sockaddr_in clients[BATCH];
static struct iovec pieces[BATCH];
static struct mmsghdr messages[BATCH];

static void make_room(void)
{
    for (int i = 0; i < BATCH; i++) {
        pieces[i] = (struct iovec){datagrams[i], LONGEST};
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &clients[i], .msg_namelen = sizeof clients[i], .msg_iov = &pieces[i], .msg_iovlen = 1};
    }
}

static void answer(unsigned char *wire, struct iovec *piece, size_t length)
{
    if (length >= HEADER) {
        wire[2] |= 0x80; /* QR */
        wire[3] = 0x80;  /* RA, NOERROR */
        wire[7] = 1;     /* ANCOUNT */
        memcpy(wire + length, record, sizeof record);
        length += sizeof record;
    }
    piece->iov_len = length;
}

static void send_all(int udp, int count)
{
    for (int sent = 0; sent < count;) {
        int more = sendmmsg(udp, messages + sent, count - sent, 0);
        if (more < 0 && errno != EINTR)
            sent++; /* The client has gone; so does its answer. */
        else if (more > 0)
            sent += more;
    }
}

int main(int argc, char **argv)
{
    int size = RECEIVE_BUFFER;
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    if (argc != 2 || udp < 0)
        return 2;
    here.sin_port = htons((unsigned short)atoi(argv[1]));
    setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (bind(udp, (struct sockaddr *)&here, sizeof here) < 0) {
        perror("bind");
        return 1;
    }
    for (;;) {
        make_room();
        int count = recvmmsg(udp, messages, BATCH, MSG_WAITFORONE, NULL);
        for (int i = 0; i < count; i++)
            answer(datagrams[i], &pieces[i], messages[i].msg_len);
        send_all(udp, count);
    }
}
