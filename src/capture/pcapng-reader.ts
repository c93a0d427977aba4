/**
 * pcapng files: sections in either byte order, any number of interfaces with their own link type,
 * resolution and time offset; enhanced, simple and obsolete packet blocks; statistics that tell what the system dropped
 * between two times. Every other block is passed over. Source: draft-ietf-opsawg-pcapng.
 */
import { LAST_MICROS } from '../contract/packet-batch.ts';
import { type ByteWindow, CaptureDamage, MAX_RECORD_BYTES } from './byte-window.ts';
import { type TimeUnit, timeUnit } from './pcapng-time.ts';
import type { RecordReader } from './record-reader.ts';
import type { CaptureLoss, Frame } from './source.ts';

export const SECTION_HEADER = 0x0a0d0d0a;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const INTERFACE_DESCRIPTION = 1;
const PACKET_OBSOLETE = 2;
const SIMPLE_PACKET = 3;
const STATISTICS = 5;
const ENHANCED_PACKET = 6;

const OPTION_END = 0;
const OPTION_NAME = 2;
const OPTION_RESOLUTION = 9;
const OPTION_START_TIME = 2;
const OPTION_END_TIME = 3;
const OPTION_SYSTEM_DROPS = 7;
const OPTION_TIME_OFFSET = 14;

/** An attacker's file may describe interfaces without end; past this the file counts as damaged. */
const MAX_INTERFACES = 65_536;
const MAX_NAME_BYTES = 256;

/** Bytes of a block before its first variable part, with type and length, without the trailing length. */
const FIXED_BYTES: Record<number, number> = {
  [INTERFACE_DESCRIPTION]: 16,
  [PACKET_OBSOLETE]: 28,
  [SIMPLE_PACKET]: 12,
  [STATISTICS]: 20,
  [ENHANCED_PACKET]: 28,
};

interface Interface {
  readonly linkType: number;
  /** 0: no limit. */
  readonly snapLength: number;
  readonly name: string | null;
  readonly unit: TimeUnit;
}

export class PcapngReader implements RecordReader {
  #little = true;
  #interfaces: Interface[] = [];
  /** For packets of an interface without a name. */
  readonly #fileName: string;
  readonly #text = new TextDecoder();

  constructor(fileName: string) {
    this.#fileName = fileName;
  }

  readRecords(
    window: ByteWindow,
    frame: Frame,
    deliver: () => void,
    onLoss?: (loss: CaptureLoss) => void,
  ): void {
    while (window.unread >= 12) {
      const at = window.position;
      const isSection = window.view.getUint32(at) === SECTION_HEADER;
      if (isSection) this.#beginSection(window, at);
      const type = window.view.getUint32(at, this.#little);
      const length = window.view.getUint32(at + 4, this.#little);
      const isUnwanted = type === STATISTICS && onLoss === undefined;
      const fixed = isUnwanted ? undefined : FIXED_BYTES[type];
      if (length < 12 || length % 4 !== 0) {
        throw damage(window, at, `a block claims the impossible length ${length}`);
      }
      if (fixed === undefined && !isSection) {
        window.skip(length);
        continue;
      }
      if (length > MAX_RECORD_BYTES) {
        throw damage(window, at, `a block claims ${length} bytes, more than ${MAX_RECORD_BYTES}`);
      }
      if (window.unread < length) return;
      const repeated = window.view.getUint32(at + length - 4, this.#little);
      if (repeated !== length) {
        throw damage(window, at, `a block begins with length ${length} and ends with ${repeated}`);
      }
      if (fixed !== undefined) {
        if (length < fixed + 4) throw damage(window, at, `a block of type ${type} is too short`);
        if (type === INTERFACE_DESCRIPTION) this.#addInterface(window, at, length);
        else if (type === STATISTICS) {
          const loss = this.#lossIn(window, at, length);
          if (loss) onLoss?.(loss);
        } else this.#readPacket(window, at, type, length, frame, deliver);
      }
      window.position = at + length;
    }
  }

  nameNextRecord(window: ByteWindow): string {
    if (window.unread < 12) return 'a block header of 12 bytes';
    return `a block of ${window.view.getUint32(window.position + 4, this.#little)} bytes`;
  }

  #beginSection(window: ByteWindow, at: number): void {
    const magic = window.view.getUint32(at + 8);
    if (magic === BYTE_ORDER_MAGIC) this.#little = false;
    else if (window.view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC) this.#little = true;
    else throw damage(window, at, 'a section header has no byte order');
    this.#interfaces = [];
  }

  #addInterface(window: ByteWindow, at: number, length: number): void {
    if (this.#interfaces.length === MAX_INTERFACES) {
      throw damage(window, at, `more than ${MAX_INTERFACES} interfaces`);
    }
    const { view } = window;
    const little = this.#little;
    let name: string | null = null;
    let resolution = 6;
    let offsetSeconds = 0;
    const end = at + length - 4;
    for (let option = at + 16; option + 4 <= end; ) {
      const code = view.getUint16(option, little);
      const size = view.getUint16(option + 2, little);
      const value = option + 4;
      if (code === OPTION_END) break;
      if (value + size > end)
        throw damage(window, at, 'an interface option is longer than its block');
      if (code === OPTION_NAME) {
        const bytes = window.bytes.subarray(value, value + Math.min(size, MAX_NAME_BYTES));
        name = this.#text.decode(bytes).split('\0', 1)[0] || null;
      } else if (code === OPTION_RESOLUTION && size >= 1) {
        resolution = view.getUint8(value);
      } else if (code === OPTION_TIME_OFFSET && size >= 8) {
        offsetSeconds = Number(view.getBigInt64(value, little));
      }
      option = value + size + (-size & 3);
    }
    this.#interfaces.push({
      linkType: view.getUint16(at + 8, little),
      snapLength: view.getUint32(at + 12, little),
      name,
      unit: timeUnit(resolution, offsetSeconds),
    });
  }

  /** Null where the statistics do not tell when and how many. */
  #lossIn({ view }: ByteWindow, at: number, length: number): CaptureLoss | null {
    const little = this.#little;
    const unit = this.#interfaces[view.getUint32(at + 8, little)]?.unit;
    if (unit === undefined) return null;
    const end = at + length - 4;
    const values = new Map<number, number>();
    for (let option = at + 20; option + 4 <= end; ) {
      const code = view.getUint16(option, little);
      const size = view.getUint16(option + 2, little);
      const value = option + 4;
      if (code === OPTION_END || value + size > end) break;
      if (size === 8)
        values.set(
          code,
          code === OPTION_SYSTEM_DROPS
            ? Number(view.getBigUint64(value, little))
            : unit(view.getUint32(value, little), view.getUint32(value + 4, little)),
        );
      option = value + size + (-size & 3);
    }
    const packets = values.get(OPTION_SYSTEM_DROPS) ?? 0;
    const fromMicros = values.get(OPTION_START_TIME);
    const toMicros = values.get(OPTION_END_TIME);
    if (packets === 0 || fromMicros === undefined || toMicros === undefined) return null;
    return { packets, fromMicros, toMicros };
  }

  #readPacket(
    window: ByteWindow,
    at: number,
    type: number,
    length: number,
    frame: Frame,
    deliver: () => void,
  ): void {
    const { view } = window;
    const little = this.#little;
    const id =
      type === ENHANCED_PACKET
        ? view.getUint32(at + 8, little)
        : type === PACKET_OBSOLETE
          ? view.getUint16(at + 8, little)
          : 0;
    const from = this.#interfaces[id];
    if (!from) {
      const known = this.#interfaces.length;
      throw damage(window, at, `a packet names interface ${id} of ${known} described`);
    }
    let captured: number;
    if (type === SIMPLE_PACKET) {
      const wire = view.getUint32(at + 8, little);
      captured = Math.min(wire, length - 16);
      if (from.snapLength > 0) captured = Math.min(captured, from.snapLength);
      // The block has no time: the packet keeps that of the one before it, 0 at the start.
      frame.wireLength = wire;
      frame.start = at + 12;
    } else {
      captured = view.getUint32(at + 20, little);
      frame.wireLength = Math.max(view.getUint32(at + 24, little), captured);
      const tsMicros = from.unit(view.getUint32(at + 12, little), view.getUint32(at + 16, little));
      frame.tsMicros = Math.min(Math.max(0, tsMicros), LAST_MICROS);
      frame.isTimeClipped = frame.tsMicros !== tsMicros;
      frame.start = at + 28;
    }
    if (frame.start + captured > at + length - 4) {
      throw damage(window, at, `a packet of ${captured} bytes does not fit its block of ${length}`);
    }
    frame.end = frame.start + captured;
    frame.linkType = from.linkType;
    frame.interface = from.name ?? this.#fileName;
    deliver();
  }
}

function damage(window: ByteWindow, at: number, what: string): CaptureDamage {
  return new CaptureDamage(window.offsetOf(at), what);
}
