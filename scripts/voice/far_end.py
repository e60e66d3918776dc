"""The far end of calls: a registrar that calls whoever registers, and RTP through a network that obeys a law.

All is sent from one thread in the order of its time; what arrives is kept with its time.
"""
import queue
import re
import selectors
import socket
import statistics
import struct
import threading
import time
import uuid

LOOPBACK = "127.0.0.1"


def pair():
    """RTP on an even port, RTCP on the next; nobody reads the latter."""
    while True:
        rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        rtp.bind((LOOPBACK, 0))
        port = rtp.getsockname()[1]
        rtcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            rtcp.bind((LOOPBACK, port + 1))
        except OSError:
            continue
        if port % 2 == 0:
            return rtp, rtcp


def field(message, name):
    found = re.search(rf"^{name}[ \t]*:[ \t]*(.*?)\r?$", message, re.M | re.I)
    return found[1] if found else ""


class Call:
    """One that stands: where their audio goes, and what came of it."""

    def __init__(self, far_end, target, address, codec, sockets):
        self.far_end, self.target, self.address, self.codec = far_end, target, address, codec
        self.rtp, self.rtcp = sockets
        self.id, self.tag, self.to, self.number = uuid.uuid4().hex, uuid.uuid4().hex[:8], f"<{target}>", 1
        self.answered, self.remote, self.heard = threading.Event(), None, []
        self.returned, self.waits = None, []

    def request(self, method, body=""):
        kind = "Content-Type: application/sdp\r\n" if body else ""
        here = f"{LOOPBACK}:{self.far_end.port}"
        text = (f"{method} {self.target} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{self.id[:8]}{method}\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:far@{here}>;tag={self.tag}\r\nTo: {self.to}\r\nCall-ID: {self.id}\r\n"
                f"CSeq: {self.number} {method}\r\nContact: <sip:far@{here}>\r\n{kind}"
                f"Content-Length: {len(body)}\r\n\r\n{body}")
        self.far_end.sip.sendto(text.encode(), self.address)

    def invite(self):
        port = self.rtp.getsockname()[1]
        body = (f"v=0\r\no=far 1 1 IN IP4 {LOOPBACK}\r\ns=-\r\nc=IN IP4 {LOOPBACK}\r\nt=0 0\r\n"
                f"m=audio {port} RTP/AVP {self.codec.payload_type}\r\n{self.codec.rtpmap}a=ptime:20\r\na=sendrecv\r\n")
        for wait in (0.5, 1, 2, 4, 8):
            self.request("INVITE", body)
            if self.answered.wait(wait):
                return self
        raise SystemExit(f"voice: {self.target} does not answer")

    def give_back(self, phase):
        """From now on what is heard goes back, as a telephone sends: every 20 ms by a clock of its own, so many seconds from now first."""
        self.returned = queue.SimpleQueue()
        threading.Thread(target=self.go_on_giving_back, args=(time.monotonic() + phase,), daemon=True).start()

    def waited(self, at):
        """Seconds that packets waited about then: whoever is measured may send two between two of ours, and none the next time."""
        # Where nothing came back, nothing is heard either, and that is what is told.
        return statistics.median([wait for left, wait in self.waits if at <= left < at + 0.3] or [0.0])

    def go_on_giving_back(self, due):
        while self.far_end.goes_on(self):
            time.sleep(max(due - time.monotonic(), 0))
            if not self.returned.empty():
                arrived, packet = self.returned.get()
                now = time.monotonic()
                self.waits.append((now, now - arrived))
                self.rtp.sendto(packet, self.remote)
            due += 0.02

    def response(self, message):
        status, method = int(message[8:11]), field(message, "CSeq").split()[-1]
        if method != "INVITE" or status < 200:
            return
        self.to = field(message, "To")
        if status >= 300:
            raise SystemExit(f"voice: {message.splitlines()[0]}")
        contact = re.search(r"<([^>]*)>", field(message, "Contact"))
        self.target = contact[1] if contact else self.target
        self.request("ACK")
        port = int(re.search(r"m=audio (\d+)", message)[1])
        self.remote = (re.search(r"c=IN IP4 (\S+)", message)[1], port)
        self.answered.set()

    def hang_up(self):
        self.number = 2
        self.request("BYE")
        self.far_end.leave(self)


class FarEnd:
    def __init__(self):
        self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sip.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.sip.bind((LOOPBACK, 0))
        self.port = self.sip.getsockname()[1]
        self.registered, self.calls = {}, {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.sip, selectors.EVENT_READ, None)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            for key, _ in self.selector.select(0.2):
                try:
                    data, source = key.fileobj.recvfrom(4096)
                except OSError:
                    continue
                if key.data is None:
                    self.message(data.decode("utf-8", "replace"), source)
                else:
                    self.arrived(key.data, data)

    def arrived(self, call, data):
        now = time.monotonic()
        call.heard.append((now, data))
        if call.returned is not None:
            # Theirs with another name: nobody takes a packet for another's that bears the own one.
            call.returned.put((now, data[:8] + b"echo" + data[12:]))

    def message(self, message, source):
        call = self.calls.get(field(message, "Call-ID"))
        if message.startswith("SIP/2.0"):
            if call:
                call.response(message)
        elif message[:4] != "ACK " and "SIP/2.0" in message:
            contact = field(message, "Contact")
            copied = "".join(f"{name}: {value}\r\n" for name in ("Via", "From", "Call-ID", "CSeq")
                             for value in re.findall(rf"^{name}[ \t]*:[ \t]*(.*?)\r?$", message, re.M | re.I))
            extra = ""
            if message.startswith("REGISTER ") and "expires=0" not in contact and field(message, "Expires") != "0":
                extra = f"Contact: {contact.split(';expires')[0]};expires=3600\r\n"
                self.registered[re.search(r"sip:([^@>]*)", field(message, "To"))[1]] = (re.search(r"<([^>]*)>", contact)[1], source)
            to = field(message, "To")
            to += "" if "tag=" in to else ";tag=far"
            answer = f"SIP/2.0 200 OK\r\n{copied}To: {to}\r\n{extra}Content-Length: 0\r\n\r\n"
            self.sip.sendto(answer.encode(), source)

    def wait_for(self, user, seconds=20):
        deadline = time.monotonic() + seconds
        while user not in self.registered:
            if time.monotonic() > deadline:
                raise SystemExit(f"voice: {user} does not register")
            time.sleep(0.01)
        return self.registered[user]

    def call(self, target, address, codec, sockets=None, listens=True):
        """`sockets` may be shared by calls whose sound nobody listens to."""
        call = Call(self, target, address, codec, sockets or pair())
        self.calls[call.id] = call
        if listens:
            self.selector.register(call.rtp, selectors.EVENT_READ, call)
        return call.invite()

    def goes_on(self, call):
        return call.rtp in self.selector.get_map()

    def leave(self, call):
        if call.rtp in self.selector.get_map():
            self.selector.unregister(call.rtp)


def send(streams):
    """`streams`: (call, payloads, delays, first packet after so many seconds). For each, when each packet was to leave the far end,
    when the network was to let it go, and when it did; returns at the end of all."""
    begin = time.monotonic() + 0.2
    events, sent = [], [[] for _ in streams]
    for index, (call, payloads, delays, after) in enumerate(streams):
        for number, (payload, delay) in enumerate(zip(payloads, delays)):
            if delay is not None:
                leaves = begin + after + number * 0.02
                events.append((leaves + delay, index, leaves, header(call.codec, index, number) + payload))
    events.sort(key=lambda event: event[0])
    for due, index, leaves, packet in events:
        wait = due - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        call = streams[index][0]
        call.rtp.sendto(packet, call.remote)
        sent[index].append((leaves, due, time.monotonic()))
    return sent


def header(codec, source, number):
    """RFC 3550 §5.1; the first packet of all begins a talkspurt."""
    marker = 0x80 if number == 0 else 0
    return struct.pack("!BBHII", 0x80, codec.payload_type | marker, (1000 + number) & 0xFFFF,
                       (5000 + number * (codec.clock // 50)) & 0xFFFFFFFF, 0x1000 + source)


def late_ms(sent):
    """How late the bench itself was for one packet in a hundred. What this does to a call is no program's fault."""
    late = sorted(left - due for stream in sent for _, due, left in stream)
    return late[int(len(late) * 0.99)] * 1000


class Watch(threading.Thread):
    """The same where the bench sends nothing by the clock: what a sleep of 5 ms becomes."""

    def __init__(self):
        super().__init__(daemon=True)
        self.late, self.goes_on = [], True
        self.start()

    def run(self):
        due = time.monotonic()
        while self.goes_on:
            due = max(due + 0.005, time.monotonic())
            time.sleep(max(due - time.monotonic(), 0))
            self.late.append(time.monotonic() - due)

    def stop(self):
        self.goes_on = False
        self.join()
        return sorted(self.late)[int(len(self.late) * 0.99)] * 1000
