/** A network namespace with a pair of virtual interfaces, for tests of live capture; only the test speaks there. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const CLONE_NEWNET = 0x40000000;

export const isNamespacePossible =
  process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('ip', ['-V']).status === 0;

export interface NetworkNamespace {
  readonly name: string;
  /** Runs `ip` there. */
  ip(command: string): string;
  /** Runs `act` with this thread there. Sockets and processes that begin in it stay there. */
  inside<T>(act: () => T): T;
  /** Sends raw frames out of `pn1`, so that they come in on `pn0`. */
  send(frames: readonly Uint8Array[]): void;
  remove(): void;
}

export function makeNamespace(purpose: string): NetworkNamespace {
  const name = `pn${purpose}${process.pid}`;
  const library = koffi.load(null);
  const setns = library.func('int setns(int, int)');
  const write = library.func('int sendto(int, const void *, size_t, int, const void *, uint32_t)');
  const socket = library.func('int socket(int, int, int)');
  const indexOf = library.func('uint32_t if_nametoindex(const char *)');
  const ip = (command: string) =>
    execFileSync('ip', ['-n', name, ...command.split(' ')]).toString();

  function enter(fd: number): void {
    if (setns(fd, CLONE_NEWNET) !== 0) throw new Error(`cannot enter or leave ${name}`);
  }

  function inside<T>(act: () => T): T {
    const home = openSync('/proc/thread-self/ns/net', 'r');
    const there = openSync(`/run/netns/${name}`, 'r');
    try {
      enter(there);
      return act();
    } finally {
      enter(home);
      closeSync(home);
      closeSync(there);
    }
  }

  function send(frames: readonly Uint8Array[]): void {
    inside(() => {
      const fd = socket(17, 3, 0);
      const address = new Uint8Array(20);
      new Uint16Array(address.buffer, 0, 1).set([17]);
      new Int32Array(address.buffer, 4, 1).set([indexOf('pn1')]);
      for (const frame of frames) {
        const sent = write(fd, frame, frame.length, 0, address, address.length);
        if (sent !== frame.length)
          throw new Error(`only ${sent} of ${frame.length} bytes were sent`);
      }
      closeSync(fd);
    });
  }

  execFileSync('ip', ['netns', 'add', name]);
  // Without IPv6 nothing but the test speaks on the pair.
  const quiet = 'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6';
  execFileSync('ip', ['netns', 'exec', name, 'sh', '-c', quiet]);
  ip('link add pn0 type veth peer name pn1');
  for (const device of ['pn0', 'pn1', 'lo']) ip(`link set ${device} up`);
  return { name, ip, inside, send, remove: () => execFileSync('ip', ['netns', 'delete', name]) };
}

/** Ethernet of an experimental type, so that no protocol answers. */
export function experimentalFrame(length: number, fill: number): Uint8Array {
  const frame = new Uint8Array(length).fill(fill);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5]);
  return frame;
}

/** UDP over IPv4 in Ethernet, 60 bytes. */
export function udpFrame(from: string, to: string, fromPort: number, toPort: number): Uint8Array {
  const frame = experimentalFrame(60, 0);
  const view = new DataView(frame.buffer);
  view.setUint16(12, 0x0800);
  frame.set([0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17], 14);
  frame.set(from.split('.').map(Number), 26);
  frame.set(to.split('.').map(Number), 30);
  view.setUint16(34, fromPort);
  view.setUint16(36, toPort);
  view.setUint16(38, 26);
  return frame;
}
