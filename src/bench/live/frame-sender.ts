/**
 * A program that sends the frames of a capture out of an interface, over and over, at a steady rate, and
 * prints how many the kernel took and how long it took: `frame-sender CAPTURE INTERFACE RATE SECONDS`.
 * A packet socket past the queueing discipline, many frames a call, a loop that waits by looking at the clock.
 */
import koffi from 'koffi';
import { openCapture } from '../../capture/open-capture.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_PACKET = 263;
const PACKET_QDISC_BYPASS = 20;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SEND_BUFFER_BYTES = 8 << 20;

/** struct mmsghdr and struct iovec on 64-bit Linux. */
const MESSAGE_BYTES = 64;
const VECTOR_BYTES = 16;
/** Frames a call: at 800,000 a second a call every 80 µs. */
const CALL_FRAMES = 64;
const MAX_FRAMES = 8192;
const MIN_BYTES = 60;
const MAX_BYTES = 200;

const [path = '', device = '', rateText = '', secondsText = ''] = process.argv.slice(2);
const library = koffi.load(null);
const socket = library.func('int socket(int, int, int)');
const bind = library.func('int bind(int, const void *, uint32_t)');
const setsockopt = library.func('int setsockopt(int, int, int, const void *, uint32_t)');
const sendmmsg = library.func('int sendmmsg(int, const void *, unsigned int, int)');
const indexOf = library.func('uint32_t if_nametoindex(const char *)');

const frames = await readFrames(path);
if (frames.length === 0)
  throw new Error(`${path} has no frames of ${MIN_BYTES} to ${MAX_BYTES} bytes`);
const fd = openSocket(device);
const calls = callsOf(frames);
const { sent, seconds } = send(fd, calls, Number(rateText), Number(secondsText));
process.stdout.write(`${JSON.stringify({ sent, seconds })}\n`);

/** Frames of Ethernet that fit, in the capture's order. */
async function readFrames(capture: string): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  const stop = new AbortController();
  const source = await openCapture(capture);
  await source.run(
    ({ bytes, start, end, linkType }) => {
      if (found.length >= MAX_FRAMES) stop.abort();
      else if (linkType === 1 && end - start >= MIN_BYTES && end - start <= MAX_BYTES)
        found.push(bytes.slice(start, end));
    },
    { signal: stop.signal },
  );
  return found;
}

function openSocket(name: string): number {
  const opened = socket(AF_PACKET, SOCK_RAW, 0) as number;
  const link = new Uint8Array(20);
  new Uint16Array(link.buffer, 0, 1).set([AF_PACKET]);
  new Int32Array(link.buffer, 4, 1).set([indexOf(name) as number]);
  if (opened < 0 || bind(opened, link, link.length) < 0) {
    throw new Error(`cannot send on ${name}: errno ${koffi.errno()}`);
  }
  const on = new Uint8Array(new Int32Array([1]).buffer);
  setsockopt(opened, SOL_PACKET, PACKET_QDISC_BYPASS, on, on.length);
  const room = new Uint8Array(new Int32Array([SEND_BUFFER_BYTES]).buffer);
  setsockopt(opened, SOL_SOCKET, SO_SNDBUF, room, room.length);
  return opened;
}

/** The arguments of the calls that send all frames once; what they point at is kept beside them. */
function callsOf(all: readonly Uint8Array[]): { messages: Uint8Array; kept: unknown[] }[] {
  const made = [];
  for (let at = 0; at + CALL_FRAMES <= all.length; at += CALL_FRAMES) {
    const vectors = new BigUint64Array((CALL_FRAMES * VECTOR_BYTES) / 8);
    const messages = new BigUint64Array((CALL_FRAMES * MESSAGE_BYTES) / 8);
    const some = all.slice(at, at + CALL_FRAMES);
    const base = koffi.address(vectors);
    for (const [index, frame] of some.entries()) {
      vectors.set([koffi.address(frame), BigInt(frame.length)], 2 * index);
      // msg_name, its length, msg_iov, msg_iovlen; the rest is 0.
      messages.set([0n, 0n, base + BigInt(VECTOR_BYTES * index), 1n], 8 * index);
    }
    made.push({ messages: new Uint8Array(messages.buffer), kept: [vectors, some] });
  }
  return made;
}

function send(
  to: number,
  all: ReturnType<typeof callsOf>,
  rate: number,
  forSeconds: number,
): { sent: number; seconds: number } {
  const start = performance.now();
  let count = 0;
  let next = 0;
  for (;;) {
    const elapsed = (performance.now() - start) / 1000;
    if (elapsed >= forSeconds) return { sent: count, seconds: elapsed };
    if (count + CALL_FRAMES > elapsed * rate) continue;
    const call = all[next];
    next = (next + 1) % all.length;
    // Less than all where a buffer is full; what was taken is counted.
    if (call) count += Math.max(0, sendmmsg(to, call.messages, CALL_FRAMES, 0) as number);
  }
}
