/**
 * Linux packet sockets with a shared ring, through libc: the only file that knows the kernel's numbers
 * and layouts. Source: linux/if_packet.h, Documentation/networking/packet_mmap.rst.
 */
import koffi from 'koffi';
import { AppError } from '../errors.ts';
import { DROP, type FilterInstruction, KEEP } from './filter/bpf.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const ETH_P_ALL_BIG_ENDIAN = 0x0300;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const PACKET_RESERVE = 12;
const PACKET_FANOUT = 18;
const PACKET_MR_PROMISC = 1;
const TPACKET_V3 = 2;
/**
 * By the hash of both ends, the same in both directions. Without the flag that has the kernel join IPv4
 * fragments first: it would hide them from us. All fragments between two hosts go to one socket as it is.
 */
const FANOUT_HASH = 0;
const FANOUT_UNIQUE_ID = 0x2000;
const PROT_READ_WRITE = 3;
const MAP_SHARED_LOCKED = 0x01 | 0x2000;
const MAP_SHARED = 0x01;

/** Smallest unit of the kernel's bookkeeping; frames take as much of a block as they need. */
const FRAME_BYTES = 2048;
/** Room before each frame to put a stripped VLAN tag back. */
const RESERVE_BYTES = 4;

interface RingSize {
  readonly blockBytes: number;
  readonly blocks: number;
  /** A block with packets is handed over after this, full or not. */
  readonly retireMs: number;
}

export interface RingSocketOptions extends RingSize {
  /** 0: all interfaces. */
  readonly interfaceIndex: number;
  /** Interfaces put into promiscuous mode while the socket is open. */
  readonly promiscuous: readonly number[];
  /** The group of sockets that share the packets; `new` begins one; null: all packets come here. */
  readonly group: number | 'new' | null;
  /** A socket that an earlier image of this process opened and set up with the same options. */
  readonly fd?: number | undefined;
}

interface Libc {
  socket: (domain: number, type: number, protocol: number) => number;
  setsockopt: (fd: number, level: number, name: number, value: Uint8Array, size: number) => number;
  getsockopt: (
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    size: Uint32Array,
  ) => number;
  bind: (fd: number, address: Uint8Array, size: number) => number;
  mmap: (
    at: null,
    size: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ) => bigint;
  munmap: (at: bigint, size: number) => number;
  close: (fd: number) => number;
  dup: (fd: number) => number;
  if_nametoindex: (name: string) => number;
  if_indextoname: (index: number, name: Uint8Array) => unknown;
}

let loaded: Libc | null = null;

/** @throws AppError `capture_unavailable` where there is no Linux C library. */
function libc(): Libc {
  if (loaded) return loaded;
  if (process.platform !== 'linux') {
    throw new AppError(
      'capture_unavailable',
      `Live capture needs Linux, this is ${process.platform}`,
    );
  }
  try {
    // null: what the process itself has loaded, so glibc and musl both serve.
    const library = koffi.load(null);
    loaded = {
      socket: library.func('int socket(int, int, int)'),
      setsockopt: library.func('int setsockopt(int, int, int, const void *, uint32_t)'),
      getsockopt: library.func('int getsockopt(int, int, int, _Out_ void *, _Inout_ uint32_t *)'),
      bind: library.func('int bind(int, const void *, uint32_t)'),
      mmap: library.func('void *mmap(void *, size_t, int, int, int, int64_t)'),
      munmap: library.func('int munmap(void *, size_t)'),
      close: library.func('int close(int)'),
      dup: library.func('int dup(int)'),
      if_nametoindex: library.func('uint32_t if_nametoindex(const char *)'),
      if_indextoname: library.func('void *if_indextoname(uint32_t, _Out_ void *)'),
    };
    return loaded;
  } catch (error) {
    const reason = (error as Error).message;
    throw new AppError('capture_unavailable', `Cannot reach the C library: ${reason}`);
  }
}

/** @throws AppError `capture_unavailable` where there is no such interface. */
export function interfaceIndex(name: string): number {
  const index = libc().if_nametoindex(name);
  if (index === 0) throw new AppError('capture_unavailable', `There is no interface ${name}`);
  return index;
}

/** Null where there is none of that number (any more). */
export function interfaceName(index: number): string | null {
  const name = new Uint8Array(16);
  if (!libc().if_indextoname(index, name)) return null;
  return Buffer.from(name).toString('latin1').split('\0', 1)[0] ?? null;
}

/**
 * An open socket and its ring, empty until `begin`. After `close` the memory is gone: touching it ends
 * the process.
 */
export class RingSocket {
  readonly fd: number;
  readonly memory: ArrayBuffer;
  /** The group it shares packets with; null: none. */
  readonly group: number | null;
  readonly #address: bigint;
  readonly #counters = new Uint8Array(12);
  readonly #countersSize = new Uint32Array(1);
  #program: Uint8Array | null = null;
  #isOpen = true;

  /** @throws AppError `capture_unavailable` saying what to grant. */
  constructor(options: RingSocketOptions) {
    const c = libc();
    this.fd = options.fd ?? c.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (this.fd < 0) throw cannotOpen();
    const size = options.blockBytes * options.blocks;
    let address: bigint | null = null;
    try {
      if (options.fd === undefined) this.#setUp(options);
      address = mapRing(c, this.fd, size);
      if (options.fd === undefined) this.#bind(options);
      this.group = options.group === null ? null : this.#groupId();
      this.#address = address;
      this.memory = koffi.view(address, size);
    } catch (error) {
      if (address !== null) c.munmap(address, size);
      c.close(this.fd);
      throw error;
    }
  }

  /** From now on packets that `filter` keeps enter the ring; an empty one keeps all. */
  begin(filter: readonly FilterInstruction[]): void {
    this.#attach(filter.length > 0 ? filter : [KEEP]);
  }

  /** Another number for the socket, which an `execve` of this process leaves open. */
  keepOverExec(): number {
    const fd = libc().dup(this.fd);
    if (fd < 0) throw failed('hand over the capture socket');
    return fd;
  }

  /** Packets dropped since the last call: the kernel counts from zero again. */
  takeDrops(): number {
    this.#countersSize[0] = this.#counters.length;
    const { fd } = this;
    if (
      libc().getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, this.#counters, this.#countersSize) < 0
    ) {
      return 0;
    }
    return new Uint32Array(this.#counters.buffer)[1] ?? 0;
  }

  /**
   * The error that waits on the socket, as errno, 0 for none; it is gone afterwards. While one waits,
   * polling returns at once. An interface that goes down leaves ENETDOWN.
   */
  takeError(): number {
    const error = new Uint8Array(4);
    libc().getsockopt(this.fd, SOL_SOCKET, SO_ERROR, error, new Uint32Array([error.length]));
    return new Uint32Array(error.buffer)[0] ?? 0;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    libc().munmap(this.#address, this.memory.byteLength);
    libc().close(this.fd);
  }

  #setUp(options: RingSocketOptions): void {
    // Before the bind, so that nothing enters that the filter to come would not keep.
    this.#attach([DROP]);
    this.#set(PACKET_VERSION, words(TPACKET_V3));
    this.#set(PACKET_RESERVE, words(RESERVE_BYTES));
    const { blockBytes, blocks, retireMs } = options;
    const frames = (blockBytes * blocks) / FRAME_BYTES;
    this.#set(PACKET_RX_RING, words(blockBytes, blocks, FRAME_BYTES, frames, retireMs, 0, 0));
    for (const index of options.promiscuous) {
      this.#set(PACKET_ADD_MEMBERSHIP, words(index, PACKET_MR_PROMISC, 0, 0));
    }
  }

  #bind({ interfaceIndex, group }: RingSocketOptions): void {
    const link = new Uint8Array(20);
    new Uint16Array(link.buffer, 0, 2).set([AF_PACKET, ETH_P_ALL_BIG_ENDIAN]);
    new Int32Array(link.buffer, 4, 1).set([interfaceIndex]);
    if (libc().bind(this.fd, link, link.length) < 0) throw failed('bind the capture socket');
    if (group === null) return;
    const id = group === 'new' ? 0 : group;
    const flags = group === 'new' ? FANOUT_HASH | FANOUT_UNIQUE_ID : FANOUT_HASH;
    this.#set(PACKET_FANOUT, words((id | (flags << 16)) >>> 0));
  }

  #groupId(): number {
    const value = new Uint8Array(4);
    const size = new Uint32Array([value.length]);
    if (libc().getsockopt(this.fd, SOL_PACKET, PACKET_FANOUT, value, size) < 0) {
      throw failed('read the group of the capture socket');
    }
    return (new Uint32Array(value.buffer)[0] ?? 0) & 0xffff;
  }

  #set(name: number, value: Uint8Array): void {
    if (libc().setsockopt(this.fd, SOL_PACKET, name, value, value.length) < 0) {
      throw failed(`set option ${name} of the capture socket`);
    }
  }

  #attach(filter: readonly FilterInstruction[]): void {
    const code = new DataView(new ArrayBuffer(8 * filter.length));
    for (const [index, [op, jt, jf, k]] of filter.entries()) {
      code.setUint16(8 * index, op, IS_LITTLE);
      code.setUint8(8 * index + 2, jt);
      code.setUint8(8 * index + 3, jf);
      code.setUint32(8 * index + 4, k, IS_LITTLE);
    }
    const bytes = new Uint8Array(code.buffer);
    // Only its address goes to the kernel: something must hold on to it until then.
    this.#program = bytes;
    // struct sock_fprog: a count, padding, a pointer.
    const program = new BigUint64Array([BigInt(filter.length), koffi.address(bytes)]);
    const raw = new Uint8Array(program.buffer);
    if (libc().setsockopt(this.fd, SOL_SOCKET, SO_ATTACH_FILTER, raw, raw.length) < 0) {
      throw failed(`attach the capture filter of ${this.#program.length} bytes`);
    }
    this.#program = null;
  }
}

const IS_LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Locked into memory where the limits allow it, swappable where not. */
function mapRing(c: Libc, fd: number, size: number): bigint {
  for (const flags of [MAP_SHARED_LOCKED, MAP_SHARED]) {
    const address = c.mmap(null, size, PROT_READ_WRITE, flags, fd, 0);
    if (BigInt.asIntN(64, address) !== -1n) return address;
  }
  throw failed(`map the capture ring of ${size} bytes`);
}

function words(...values: number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(values).buffer);
}

function failed(what: string): AppError {
  return new AppError('capture_unavailable', `Cannot ${what}: errno ${koffi.errno()}`);
}

function cannotOpen(): AppError {
  const { EPERM, EACCES } = koffi.os.errno;
  const errno = koffi.errno();
  if (errno !== EPERM && errno !== EACCES) return failed('open a capture socket');
  const grant = `sudo setcap cap_net_raw+ep ${process.execPath}`;
  return new AppError(
    'capture_unavailable',
    `Live capture is not permitted: run as root, or grant it once with: ${grant}`,
  );
}
