/** What is left out as own traffic and what never is, by the programs themselves, run as the kernel runs them. */
import { describe, expect, it } from 'vitest';
import { captureFilter } from '../../src/capture/exclude-filter.ts';
import { asKernelSees, runFilter } from './bpf-machine.ts';
import { udpFrame } from './network-namespace.ts';

const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;
const HERE = '192.0.2.7';
const THERE = '198.51.100.7';

function tcp(from: string, to: string, fromPort: number, toPort: number): Uint8Array {
  const frame = udpFrame(from, to, fromPort, toPort);
  frame[23] = 6;
  return frame;
}

const exclude = [
  { client: HERE, server: THERE, serverPort: 8000 },
  { client: HERE, server: HERE, serverPort: 8000 },
];
const program = captureFilter({ exclude });
const isKept = (frame: Uint8Array, hardware = ARPHRD_ETHER) =>
  runFilter(program, asKernelSees(frame, frame.length, hardware));

describe('captureFilter', () => {
  it('leaves out both directions of the shipping', () => {
    expect(isKept(tcp(HERE, THERE, 40_000, 8000))).toBe(false);
    expect(isKept(tcp(THERE, HERE, 8000, 40_000))).toBe(false);
  });

  it('keeps what a stranger sends to the port, what goes to another port, and what is no TCP', () => {
    expect(isKept(tcp('203.0.113.5', HERE, 40_000, 8000))).toBe(true);
    expect(isKept(tcp('203.0.113.5', THERE, 40_000, 8000))).toBe(true);
    expect(isKept(tcp(HERE, THERE, 40_000, 8001))).toBe(true);
    expect(isKept(tcp(HERE, THERE, 8000, 40_000))).toBe(true);
    expect(isKept(udpFrame(HERE, THERE, 40_000, 8000))).toBe(true);
  });

  it('leaves out what this host says to itself on the loopback, and keeps a land packet from outside', () => {
    const toItself = tcp(HERE, HERE, 40_000, 8000);
    expect(isKept(toItself, ARPHRD_LOOPBACK)).toBe(false);
    expect(isKept(toItself, ARPHRD_ETHER)).toBe(true);
    expect(isKept(tcp(HERE, HERE, 8000, 8000), ARPHRD_ETHER)).toBe(true);
  });

  it('keeps frames too short to tell, fragments and packets with options', () => {
    const own = tcp(HERE, THERE, 40_000, 8000);
    for (let length = 14; length < 38; length++) expect(isKept(own.slice(0, length))).toBe(true);
    const fragment = own.slice();
    fragment.set([0x00, 0x10], 20);
    expect(isKept(fragment)).toBe(true);
    const withOptions = own.slice();
    withOptions[14] = 0x46;
    expect(isKept(withOptions)).toBe(true);
  });

  it('joins the own traffic with an expression', () => {
    const both = captureFilter({ exclude, expression: 'tcp' });
    const keeps = (frame: Uint8Array) => runFilter(both, asKernelSees(frame, frame.length));
    expect(keeps(tcp(HERE, THERE, 40_000, 8000))).toBe(false);
    expect(keeps(tcp(HERE, THERE, 40_000, 8001))).toBe(true);
    expect(keeps(udpFrame(HERE, THERE, 40_000, 8001))).toBe(false);
    expect(captureFilter({})).toEqual([]);
  });

  it('fits the kernel for a host with very many addresses', () => {
    const many = Array.from({ length: 300 }, (_, n) => ({
      client: `2001:db8::${(n + 1).toString(16)}`,
      server: '2001:db8::ffff:0',
      serverPort: 8000,
    }));
    expect(captureFilter({ exclude: many }).length).toBeLessThanOrEqual(4096);
  });
});
