/** IEEE 802.2 LLC with SNAP (RFC 1042), as 802.3, 802.11 and Linux cooked frames carry it. */
import { EtherType, type LinkHeader } from './link-header.ts';

const LLC_BYTES = 3;
const SNAP_BYTES = 8;
const SNAP_SAP = 0xaa;
const IP_SAP = 0x06;
const UNNUMBERED = 0x03;
const OUI_ETHERTYPE = 0x000000;
/** Bridge tunnel encapsulation (IEEE 802.1H). */
const OUI_BRIDGE_TUNNEL = 0x0000f8;

/** Other service access points (spanning tree, IS-IS, …) end as `EtherType.NONE`; that is no malformation. */
export function readLlc(view: DataView, start: number, end: number, link: LinkHeader): void {
  link.carry(EtherType.NONE, start);
  if (end - start < LLC_BYTES || view.getUint8(start + 2) !== UNNUMBERED) return;
  const sap = view.getUint8(start);
  if (sap === IP_SAP) link.carry(EtherType.IPV4, start + LLC_BYTES);
  if (sap !== SNAP_SAP || end - start < SNAP_BYTES) return;
  const oui = view.getUint32(start + 2) & 0xffffff;
  if (oui === OUI_ETHERTYPE || oui === OUI_BRIDGE_TUNNEL)
    link.carry(view.getUint16(start + 6), start + SNAP_BYTES);
}
