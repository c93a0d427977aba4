/**
 * Divides frames among decoders that know nothing of each other: all that belongs together goes to the same
 * one. Packets go by their pair of addresses, whichever way they flow; what has no IP header, and tunnels,
 * whose packets may belong to conversations of any pair, go to the first.
 *
 * A fragment of a datagram tells its ports only in the first: which first fragments were of tunnels is
 * remembered in 4,096 places. A later fragment that comes before its first, or after 4,096 others, goes by its
 * addresses; what a tunnel carried in it then counts apart from what came in one piece.
 */
import type { WireFrame } from './frame.ts';
import { Ipv6Header } from './ipv6.ts';
import { EtherType, LinkHeader } from './link-header.ts';
import { readLink } from './link-layer.ts';
import { tunnelOfPorts, tunnelOfProtocol } from './tunnels.ts';

const UDP = 17;
const PLACES = 4096;

export class PacketShare {
  readonly #shares: number;
  readonly #link = new LinkHeader();
  readonly #ip = new Ipv6Header();
  /** Hashes of the packets whose first fragment was of a tunnel. */
  readonly #tunnelled = new Uint32Array(PLACES);

  constructor(shares: number) {
    this.#shares = shares;
  }

  /** 0 up to the number of shares. */
  of(frame: WireFrame): number {
    if (this.#shares === 1) return 0;
    const link = this.#link;
    const { view, start, end } = frame;
    if (!readLink(frame.linkType, view, start, end, link)) return 0;
    if (link.etherType === EtherType.IPV4) return this.#ofIpv4(view, link.payloadStart, end);
    if (link.etherType === EtherType.IPV6) return this.#ofIpv6(view, link.payloadStart, end);
    return 0;
  }

  #ofIpv4(view: DataView, at: number, end: number): number {
    if (at + 20 > end) return 0;
    const source = view.getUint32(at + 12);
    const target = view.getUint32(at + 16);
    const protocol = view.getUint8(at + 9);
    const fragment = view.getUint16(at + 6);
    const isFragment = (fragment & 0x3fff) !== 0;
    const number = isFragment ? view.getUint16(at + 4) : -1;
    const payload = (fragment & 0x1fff) === 0 ? at + 4 * (view.getUint8(at) & 15) : -1;
    return this.#shareOf(view, payload, end, protocol, pairHash(source, target), number);
  }

  #ofIpv6(view: DataView, at: number, end: number): number {
    const ip = this.#ip;
    if (!ip.at(view, at, end)) return 0;
    ip.walk(end);
    let source = 0;
    let target = 0;
    for (let word = 0; word < 4; word++) {
      source = Math.imul(source ^ ip.srcWord(word), 0x9e3779b1);
      target = Math.imul(target ^ ip.dstWord(word), 0x9e3779b1);
    }
    const payload = ip.fragmentOffset > 0 ? -1 : ip.payloadStart;
    const number = ip.isFragment ? ip.identification : -1;
    return this.#shareOf(view, payload, end, ip.nextHeader, pairHash(source, target), number);
  }

  /** @param payload where the IP payload begins; -1: this is not its first fragment. @param number of the fragmented packet; -1: it is whole */
  #shareOf(
    view: DataView,
    payload: number,
    end: number,
    protocol: number,
    pair: number,
    number: number,
  ): number {
    if (tunnelOfProtocol(protocol) !== null) return 0;
    if (protocol === UDP) {
      if (payload >= 0 && payload + 4 <= end) {
        if (tunnelOfPorts(view.getUint16(payload), view.getUint16(payload + 2)) !== null) {
          if (number >= 0) this.#remember(pair, number);
          return 0;
        }
      } else if (payload < 0 && this.#isRemembered(pair, number)) return 0;
    }
    return pair % this.#shares;
  }

  #remember(pair: number, number: number): void {
    const hash = packetHash(pair, number);
    this.#tunnelled[hash % PLACES] = hash;
  }

  #isRemembered(pair: number, number: number): boolean {
    const hash = packetHash(pair, number);
    return this.#tunnelled[hash % PLACES] === hash;
  }
}

/** The same for both directions. */
function pairHash(source: number, target: number): number {
  let hash = source ^ target ^ Math.imul(source + target, 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 16), 0xc2b2ae3d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function packetHash(pair: number, number: number): number {
  return Math.imul(pair ^ number, 0x9e3779b1) >>> 0;
}
