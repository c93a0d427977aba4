/**
 * Frames to rows: goes up from the link header to the payload and fills one row of a batch.
 *
 * One header object per layer is reused for every packet, so packets without text allocate nothing.
 * Nothing throws, whatever the bytes: what cannot be read stays null and the first malformation met is
 * named in `anomaly`. What a decoder keeps from packet to packet (begun messages, fragments) is bounded,
 * see `stream-joiner.ts` and `fragments.ts`.
 */
import type { PacketBatch } from '../../contract/packet-batch.ts';
import { nameAnomaly } from './anomalies.ts';
import type { DecoderCounts } from './decoder-counts.ts';
import type { WireFrame } from './frame.ts';
import { EtherType, LinkHeader } from './link-header.ts';
import { ETHERNET, readLink } from './link-layer.ts';
import { NetworkReader } from './network.ts';
import { Span } from './span.ts';

/** What a database's integer holds; a damaged record can claim more. */
const MAX_WIRE_BYTES = 0x7fff_ffff;
/** 4 MiB at 64 KiB each. */
const MAX_WHOLE = 64;

export interface DecoderOptions {
  /** IP packets that are put together from their fragments at a time; 0: none. Default 64. */
  readonly maxWhole?: number;
}

export class PacketDecoder {
  readonly #link = new LinkHeader();
  readonly #network: NetworkReader;
  readonly #span = new Span();
  #interfaceCode = -1;

  constructor({ maxWhole = MAX_WHOLE }: DecoderOptions = {}) {
    this.#network = new NetworkReader({ maxWhole });
  }

  get evictions(): DecoderCounts {
    return this.#network.evictions;
  }

  /** A number for the IP packet that the frame decoded last is a fragment of, the outermost one; -1: it is none. */
  get fragmentedPacket(): number {
    return this.#network.fragmentedPacket;
  }

  /** Appends the frame to the batch and returns its row. The caller sees to it that the batch is not full. */
  decode(frame: WireFrame, batch: PacketBatch): number {
    const wireLength = Math.min(frame.wireLength, MAX_WIRE_BYTES);
    const row = batch.addRow(frame.tsMicros, wireLength);
    this.#nameInterface(batch, row, frame.interface);
    if (frame.isTimeClipped === true) nameAnomaly(batch, row, 'bad_capture_time');
    const span = this.#span;
    span.view = frame.view;
    span.bytes = frame.bytes;
    span.end = frame.end;
    span.wireEnd = Math.max(frame.end, frame.start + wireLength);

    const link = this.#link;
    const { linkType } = frame;
    if (!readLink(linkType, frame.view, frame.start, frame.end, link)) {
      link.etherType = EtherType.NONE;
      // What the capture cut away is no malformation.
      if (span.end === span.wireEnd)
        nameAnomaly(batch, row, linkType === ETHERNET ? 'truncated_ethernet' : 'truncated_link');
    }
    if (link.anomaly !== null) nameAnomaly(batch, row, link.anomaly);
    batch.srcMac[row] = link.srcMac;
    batch.dstMac[row] = link.dstMac;
    batch.vlan[row] = link.vlan;
    span.start = link.payloadStart;
    this.#network.read(batch, row, link.etherType, span, frame.checksumPending === true);
    return row;
  }

  /** The name is the same for packet after packet: look it up in the dictionary only when it changes. */
  #nameInterface(batch: PacketBatch, row: number, name: string): void {
    const column = batch.interface;
    if (column.values[this.#interfaceCode] !== name) this.#interfaceCode = column.codeFor(name);
    column.codes[row] = this.#interfaceCode;
  }
}
