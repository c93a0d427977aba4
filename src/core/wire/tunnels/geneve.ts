/** Geneve (RFC 8926): options, then a frame or packet by its EtherType. */
import { readEtherType } from '../ether-type.ts';
import { readEthernet } from '../ethernet.ts';
import type { Tunnel } from '../tunnel.ts';

const HEADER_BYTES = 8;
const VERSION = 0xc0;
const OPTION_WORDS = 0x3f;
const TRANSPARENT_ETHERNET = 0x6558;

export const geneve: Tunnel = {
  name: 'geneve',
  udpPorts: [6081],
  read({ view, start, end }, inner) {
    if (end - start < HEADER_BYTES) return false;
    const first = view.getUint8(start);
    if ((first & VERSION) !== 0) return false;
    const type = view.getUint16(start + 2);
    const at = start + HEADER_BYTES + 4 * (first & OPTION_WORDS);
    if (at >= end) return false;
    return type === TRANSPARENT_ETHERNET
      ? readEthernet(view, at, end, inner)
      : readEtherType(type, view, at, end, inner);
  },
};
