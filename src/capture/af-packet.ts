/**
 * Live capture on Linux: a TPACKET_V3 ring that the kernel fills and we read in place.
 *
 * Memory is the ring, `RING_BYTES` unless told otherwise; packets that find it full are dropped by the
 * kernel and counted. The handler sees views into the ring, valid only during the call. VLAN tags
 * that the kernel took out stand in the frame again. On loopback each packet counts once.
 */
import { setImmediate as turn } from 'node:timers/promises';
import koffi from 'koffi';
import { AppError } from '../errors.ts';
import { interfaceIndex, interfaceName, RingSocket } from './af-packet-socket.ts';
import type { FilterInstruction } from './filter/bpf.ts';
import type { Frame, FrameHandler, RunOptions, Source, SourceStats } from './source.ts';

export interface AfPacketOptions {
  /** Interface names; `any` alone means all of them. */
  readonly interfaces: readonly string[];
  /** Default false. Ignored for `any`. */
  readonly promiscuous?: boolean;
  /** Rounded up to whole blocks of 1 MiB; default `RING_BYTES`. */
  readonly ringBytes?: number;
  /** Packets that it answers 0 for never enter the ring; see `exclude-filter.ts`. */
  readonly filter?: readonly FilterInstruction[];
  /** Shares the packets with the other sockets of the group, flow by flow; `new` begins one. */
  readonly group?: number | 'new' | null;
  /** A socket that `handOver` left open, of a source with the same options. */
  readonly fd?: number | undefined;
}

/** 64 MiB: a tenth of a second at 10 Gbit/s half used, two seconds at 200 Mbit/s. */
export const RING_BYTES = 64 << 20;

const BLOCK_BYTES = 1 << 20;
const RETIRE_MS = 50;
/** Without traffic `onChunk` is called this often, so that begun batches close and stops are seen. */
const IDLE_MS = 100;

const STATUS_USER = 1;
const CHECKSUM_NOT_READY = 1 << 3;
const VLAN_VALID = 1 << 4;
const VLAN_TPID_VALID = 1 << 6;
const VLAN_ETHER_TYPE = 0x8100;
const PACKET_OUTGOING = 4;
/** sockaddr_ll behind the 48 bytes of tpacket3_hdr. */
const LINK_ADDRESS = 48;

const LINKTYPE_ETHERNET = 1;
const LINKTYPE_RAW = 101;
const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;
/** Tunnels without a link header: PPP, raw IP, none, IP in IP, SIT. */
const ARPHRD_IP = new Set([519, 0xfffe, 768, 769, 776]);

/**
 * Opens the socket; packets collect in the ring from `begin` on, at the latest from `run`.
 * @throws AppError `capture_unavailable`: no Linux, no permission (with what to grant), no such interface.
 */
export function openAfPacket(options: AfPacketOptions): RingSource {
  return new AfPacketSource(options);
}

export interface RingSource extends Source {
  /** Frames of devices whose link layer we do not read. */
  readonly unsupported: number;
  /** The group of sockets that share the packets; null: this one has all. */
  readonly group: number | null;
  /** Packets enter the ring from now on. */
  begin(): void;
  /** A number of the socket that an `execve` leaves open. */
  handOver(): number;
}

class AfPacketSource implements RingSource {
  readonly name: string;
  readonly stats: SourceStats = { frames: 0, bytes: 0, kernelDrops: 0 };
  unsupported = 0;
  readonly #socket: RingSocket;
  readonly #filter: readonly FilterInstruction[];
  #isBegun = false;
  readonly #blocks: number;
  /** The interfaces wanted; empty: all. */
  readonly #indexes: ReadonlySet<number>;
  readonly #names: Map<number, string>;

  constructor(options: AfPacketOptions) {
    const { interfaces, promiscuous = false, ringBytes = RING_BYTES } = options;
    const isAny = interfaces.length === 0 || interfaces.includes('any');
    const indexes = isAny ? [] : interfaces.map(interfaceIndex);
    this.name = isAny ? 'any' : interfaces.join(',');
    this.#blocks = Math.max(2, Math.ceil(ringBytes / BLOCK_BYTES));
    this.#socket = new RingSocket({
      interfaceIndex: indexes.length === 1 ? (indexes[0] ?? 0) : 0,
      promiscuous: promiscuous ? indexes : [],
      group: options.group ?? null,
      fd: options.fd,
      blockBytes: BLOCK_BYTES,
      blocks: this.#blocks,
      retireMs: RETIRE_MS,
    });
    this.#filter = options.filter ?? [];
    // A socket on one interface may still hold what came in before it was bound to it: checked per frame.
    this.#indexes = new Set(indexes);
    this.#names = new Map(indexes.map((index, at) => [index, interfaces[at] ?? '']));
  }

  get group(): number | null {
    return this.#socket.group;
  }

  begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.#socket.begin(this.#filter);
  }

  handOver(): number {
    return this.#socket.keepOverExec();
  }

  async run(onFrame: FrameHandler, options: RunOptions = {}): Promise<void> {
    const { memory, fd } = this.#socket;
    this.begin();
    const bytes = new Uint8Array(memory);
    const view = new DataView(memory);
    const status = new Int32Array(memory);
    const frame = emptyFrame(view, bytes);
    const readable = new Readable(fd, options.signal);
    let block = 0;
    let isDown = false;
    try {
      while (!options.signal?.aborted) {
        const word = (block * BLOCK_BYTES + 8) >> 2;
        if ((Atomics.load(status, word) & STATUS_USER) === 0) {
          this.stats.kernelDrops += this.#socket.takeDrops();
          await options.onChunk?.();
          await readable.wait(IDLE_MS);
          if (this.#socket.takeError() !== 0) isDown = true;
          // Nothing tells of an interface that is removed after it went down.
          if (isDown) this.#checkInterfaces();
          continue;
        }
        isDown = false;
        this.#readBlock(block * BLOCK_BYTES, view, frame, onFrame);
        Atomics.store(status, word, 0);
        block = (block + 1) % this.#blocks;
        // Under a flood there is always another block: others get their turn all the same.
        await turn();
        this.stats.kernelDrops += this.#socket.takeDrops();
        await options.onChunk?.();
      }
    } finally {
      readable.close();
      // Whoever kept the frame must not reach unmapped memory through it.
      Object.assign(frame, emptyFrame(new DataView(new ArrayBuffer(0)), new Uint8Array(0)));
      this.#socket.close();
    }
  }

  /** An interface that is down may come back and the socket sees it again; one that is gone does not. */
  #checkInterfaces(): void {
    for (const index of this.#indexes) {
      if (interfaceName(index) !== null) continue;
      const name = this.#names.get(index);
      throw new AppError('capture_unavailable', `The interface ${name} is gone`);
    }
  }

  #readBlock(at: number, view: DataView, frame: Frame, onFrame: FrameHandler): void {
    const packets = view.getUint32(at + 12, IS_LITTLE);
    let header = at + view.getUint32(at + 16, IS_LITTLE);
    for (let packet = 0; packet < packets; packet++) {
      if (this.#readFrame(header, view, frame)) {
        this.stats.frames++;
        this.stats.bytes += frame.wireLength;
        onFrame(frame);
      }
      header += view.getUint32(header, IS_LITTLE);
    }
  }

  /** False where the packet is not to be delivered. */
  #readFrame(header: number, view: DataView, frame: Frame): boolean {
    const address = header + LINK_ADDRESS;
    const index = view.getInt32(address + 4, IS_LITTLE);
    const hardware = view.getUint16(address + 8, IS_LITTLE);
    if (this.#indexes.size > 0 && !this.#indexes.has(index)) return false;
    // Loopback hands every packet over twice: going out and coming in.
    if (hardware === ARPHRD_LOOPBACK && view.getUint8(address + 10) === PACKET_OUTGOING)
      return false;
    if (hardware === ARPHRD_ETHER || hardware === ARPHRD_LOOPBACK) {
      frame.linkType = LINKTYPE_ETHERNET;
    } else if (ARPHRD_IP.has(hardware)) {
      frame.linkType = LINKTYPE_RAW;
    } else {
      this.unsupported++;
      return false;
    }
    const seconds = view.getUint32(header + 4, IS_LITTLE);
    frame.tsMicros = seconds * 1e6 + Math.floor(view.getUint32(header + 8, IS_LITTLE) / 1000);
    frame.start = header + view.getUint16(header + 24, IS_LITTLE);
    frame.end = frame.start + view.getUint32(header + 12, IS_LITTLE);
    frame.wireLength = view.getUint32(header + 16, IS_LITTLE);
    frame.interface = this.#nameOf(index);
    const status = view.getUint32(header + 20, IS_LITTLE);
    frame.checksumPending = (status & CHECKSUM_NOT_READY) !== 0;
    if (
      status & VLAN_VALID &&
      frame.linkType === LINKTYPE_ETHERNET &&
      frame.end - frame.start >= 14
    ) {
      restoreVlanTag(header, status, view, frame);
    }
    return true;
  }

  #nameOf(index: number): string {
    let name = this.#names.get(index);
    if (name === undefined) {
      // Interfaces come and go on busy container hosts; the kernel's numbers do not return.
      if (this.#names.size >= 1024) this.#names.clear();
      name = interfaceName(index) ?? `if${index}`;
      this.#names.set(index, name);
    }
    return name;
  }
}

const IS_LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Moves the two addresses into the reserved bytes before the frame and writes the tag behind them. */
function restoreVlanTag(header: number, status: number, view: DataView, frame: Frame): void {
  const tag = view.getUint32(header + 32, IS_LITTLE);
  const type = status & VLAN_TPID_VALID ? view.getUint16(header + 36, IS_LITTLE) : VLAN_ETHER_TYPE;
  frame.bytes.copyWithin(frame.start - 4, frame.start, frame.start + 12);
  frame.start -= 4;
  view.setUint16(frame.start + 12, type);
  view.setUint16(frame.start + 14, tag & 0xffff);
  frame.wireLength += 4;
}

function emptyFrame(view: DataView, bytes: Uint8Array): Frame {
  return {
    view,
    bytes,
    start: 0,
    end: 0,
    wireLength: 0,
    tsMicros: 0,
    linkType: 1,
    interface: '',
    checksumPending: false,
  };
}

/** Waits for the socket in the event loop, without a thread and without a turn that blocks. */
class Readable {
  readonly #poll: ReturnType<typeof koffi.node.poll>;
  readonly #signal: AbortSignal | undefined;
  #wake: () => void = () => {};

  constructor(fd: number, signal: AbortSignal | undefined) {
    this.#poll = koffi.node.poll(fd, { readable: true }, () => this.#wake());
    this.#poll.stop();
    this.#signal = signal;
  }

  /** Resolves when there is something to read, after `ms`, or on abort. */
  async wait(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, ms);
      this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
      this.#poll.start({ readable: true }, () => this.#wake());
    });
    clearTimeout(timer);
    this.#poll.stop();
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  close(): void {
    this.#poll.close();
  }

  readonly #onAbort = (): void => this.#wake();
}
