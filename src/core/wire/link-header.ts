/**
 * What every link layer comes down to: addresses, the outermost VLAN id, and what lies above as an
 * EtherType. One instance is refilled for every frame; the `read…` functions of the link protocols
 * fill it and return false where the header does not fit into the bytes that are there.
 */
import type { AnomalyName } from './anomalies.ts';

export const EtherType = {
  /** Nothing that we read further. */
  NONE: 0,
  IPV4: 0x0800,
  ARP: 0x0806,
  RARP: 0x8035,
  VLAN: 0x8100,
  IPV6: 0x86dd,
  MPLS: 0x8847,
  MPLS_MULTICAST: 0x8848,
  PPPOE_SESSION: 0x8864,
  QINQ: 0x88a8,
  QINQ_OLD: 0x9100,
  FABRIC_PATH: 0x8903,
  CISCO_METADATA: 0x8909,
  MACSEC: 0x88e5,
  VN_TAG: 0x8926,
  NSH: 0x894f,
} as const;

export class LinkHeader {
  etherType = 0;
  /** Index in the view of the first byte above the link layer and its tags. */
  payloadStart = 0;
  /** 48-bit integers; -1: none. */
  srcMac = -1;
  dstMac = -1;
  /** Outermost VLAN id; -1: none. */
  vlan = -1;
  anomaly: AnomalyName | null = null;

  clear(): void {
    this.etherType = EtherType.NONE;
    this.payloadStart = 0;
    this.srcMac = -1;
    this.dstMac = -1;
    this.vlan = -1;
    this.anomaly = null;
  }

  /** Says what lies above and where; always true, so that readers can end on it. */
  carry(etherType: number, payloadStart: number): true {
    this.etherType = etherType;
    this.payloadStart = payloadStart;
    return true;
  }
}

export function readMac(view: DataView, at: number): number {
  return view.getUint16(at) * 0x1_0000_0000 + view.getUint32(at + 2);
}

/** IPv4 or IPv6 by the version nibble of the first byte, else `EtherType.NONE`. */
export function etherTypeOfIp(firstByte: number): number {
  const version = firstByte >> 4;
  if (version === 4) return EtherType.IPV4;
  return version === 6 ? EtherType.IPV6 : EtherType.NONE;
}
