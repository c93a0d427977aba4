/** VXLAN (RFC 7348), at the registered port and at the one that Linux used before. */
import { readEthernet } from '../ethernet.ts';
import type { Tunnel } from '../tunnel.ts';

const HEADER_BYTES = 8;
/** The network identifier is valid; what else there is is reserved, and to be ignored (RFC 7348 §5), or of extensions. */
const HAS_NETWORK = 0x08;

export const vxlan: Tunnel = {
  name: 'vxlan',
  udpPorts: [4789, 8472],
  read: ({ view, start, end }, inner) =>
    end - start >= HEADER_BYTES &&
    (view.getUint8(start) & HAS_NETWORK) !== 0 &&
    readEthernet(view, start + HEADER_BYTES, end, inner),
};
