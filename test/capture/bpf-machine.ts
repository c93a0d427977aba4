/**
 * Classic BPF as the kernel runs it on a packet that came in by Ethernet, written from the kernel's
 * documentation and not from our compiler, so that the two can disagree.
 */
import type { FilterInstruction } from '../../src/capture/filter/bpf.ts';

interface KernelPacket {
  /** Without the outermost VLAN tag, which the kernel takes out. */
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  readonly protocol: number;
  readonly vlanTag: number | null;
  readonly hardware: number;
}

const ETHERNET_BYTES = 14;

export function isTagged(frame: Uint8Array): boolean {
  return [0x8100, 0x88a8].includes(half(frame, 12)) && frame.length >= 18;
}

export function asKernelSees(frame: Uint8Array, wireLength: number, hardware = 1): KernelPacket {
  if (!isTagged(frame)) {
    return { bytes: frame, wireLength, protocol: protocolOf(frame), vlanTag: null, hardware };
  }
  const bytes = new Uint8Array(frame.length - 4);
  bytes.set(frame.subarray(0, 12));
  bytes.set(frame.subarray(16), 12);
  const tag = half(frame, 14);
  return { bytes, wireLength: wireLength - 4, protocol: protocolOf(bytes), vlanTag: tag, hardware };
}

/** Types below 0x600 are lengths; the kernel has numbers of its own for those frames. */
function protocolOf(frame: Uint8Array): number {
  const type = half(frame, 12);
  if (type >= 0x600) return type;
  return half(frame, 14) === 0xffff ? 1 : 4;
}

/** Whether the program keeps the packet. */
export function runFilter(program: readonly FilterInstruction[], packet: KernelPacket): boolean {
  let [a, x, at] = [0, 0, 0];
  for (;;) {
    const instruction = program[at++];
    if (!instruction) throw new Error('the program runs past its end');
    const [code, jt, jf, k] = instruction;
    let loaded: number | null = null;
    if (code === 0x20) loaded = a = load(packet, k, 4) ?? Number.NaN;
    else if (code === 0x28) loaded = a = load(packet, k, 2) ?? Number.NaN;
    else if (code === 0x30) loaded = a = load(packet, k, 1) ?? Number.NaN;
    else if (code === 0x48) loaded = a = load(packet, k + x, 2) ?? Number.NaN;
    else if (code === 0xb1) loaded = x = 4 * ((load(packet, k, 1) ?? Number.NaN) & 0xf);
    else if (code === 0x80) a = packet.wireLength;
    else if (code === 0x54) a = (a & k) >>> 0;
    else if (code === 0x05) at += k;
    else if (code === 0x15) at += a === k ? jt : jf;
    else if (code === 0x25) at += a > k ? jt : jf;
    else if (code === 0x35) at += a >= k ? jt : jf;
    else if (code === 0x45) at += (a & k) !== 0 ? jt : jf;
    else if (code === 0x06) return k !== 0;
    else throw new Error(`the kernel knows no instruction ${code}`);
    if (code === 0xb1 && load(packet, k, 1) === null) return false;
    if (Number.isNaN(loaded)) return false;
  }
}

/** Null beyond what was captured. Negative offsets are Linux's: from the network header, or facts. */
function load(packet: KernelPacket, offset: number, size: 1 | 2 | 4): number | null {
  const signed = offset | 0;
  if (signed >= -0x1000 && signed < 0) return factOf(packet, signed + 0x1000);
  const start = signed < 0 ? signed + 0x10_0000 + ETHERNET_BYTES : signed;
  if (start < 0) throw new Error(`there is nothing at ${offset}`);
  if (start + size > packet.bytes.length) return null;
  const view = new DataView(packet.bytes.buffer, packet.bytes.byteOffset, packet.bytes.length);
  if (size === 4) return view.getUint32(start);
  return size === 2 ? view.getUint16(start) : view.getUint8(start);
}

function factOf(packet: KernelPacket, fact: number): number {
  if (fact === 0) return packet.protocol;
  if (fact === 28) return packet.hardware;
  if (fact === 44) return packet.vlanTag ?? 0;
  if (fact === 48) return packet.vlanTag === null ? 0 : 1;
  throw new Error(`there is no fact ${fact}`);
}

function half(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
}
