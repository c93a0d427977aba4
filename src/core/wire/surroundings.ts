/**
 * What stands around the packet of a row, as a part of the keys of all that a decoder keeps from packet to packet
 * (begun messages, fragments, QUIC connections): the VLAN, and the outer addresses of a tunnel. Anybody can put
 * any packet into a tunnel, so what comes in one must not touch what comes without.
 */
import type { PacketBatch } from '../../contract/packet-batch.ts';

const TUNNELLED = 0x8000_0000;

/**
 * An unsigned word. Outside tunnels the VLAN id (none and priority tags alike: 0), which no tunnel has; in tunnels
 * a hash, the same for both directions, so that two tunnels can have one word though nobody forged an address.
 */
export function surroundingsOf(batch: PacketBatch, row: number): number {
  const vlan = Math.max(0, batch.vlan[row]!);
  if (batch.outerIpVersion[row] === 0) return vlan;
  const { outerSrc, outerDst } = batch;
  const at = 4 * row;
  // Added, so that both directions hash alike.
  const ends = hashOf(outerSrc, at) + hashOf(outerDst, at);
  return (mix(ends ^ Math.imul(vlan + 1, 0x9e3779b1)) | TUNNELLED) >>> 0;
}

function hashOf(address: Uint32Array, at: number): number {
  let h = 0;
  for (let word = at; word < at + 4; word++) h = mix(h ^ address[word]!);
  return h;
}

function mix(word: number): number {
  let h = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
