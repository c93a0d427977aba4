/** The tunnels that are unwrapped. To add one: its file in `tunnels/` and its line here. */
import type { Tunnel } from './tunnel.ts';
import { ayiya } from './tunnels/ayiya.ts';
import { geneve } from './tunnels/geneve.ts';
import { gre } from './tunnels/gre.ts';
import { gtpU } from './tunnels/gtp-u.ts';
import { ipv4InIp, ipv6InIp } from './tunnels/ip-in-ip.ts';
import { teredo } from './tunnels/teredo.ts';
import { vxlan } from './tunnels/vxlan.ts';

export const TUNNELS: readonly Tunnel[] = [
  ipv4InIp,
  ipv6InIp,
  gre,
  vxlan,
  geneve,
  gtpU,
  teredo,
  ayiya,
];

const NONE = 0;
/** Position in `TUNNELS` plus one. */
const byIpProtocol = new Uint8Array(256);
const byUdpPort = new Uint8Array(65_536);
for (const [index, { ipProtocols = [], udpPorts = [] }] of TUNNELS.entries()) {
  for (const number of ipProtocols) byIpProtocol[number] = index + 1;
  for (const port of udpPorts) byUdpPort[port] = index + 1;
}

/** The tunnel that an IP payload of this protocol number is; null: none. */
export function tunnelOfProtocol(number: number): Tunnel | null {
  const code = byIpProtocol[number]!;
  return code === NONE ? null : TUNNELS[code - 1]!;
}

/** The tunnel that a datagram between these ports may be; the port that a server listens on counts first. */
export function tunnelOfPorts(srcPort: number, dstPort: number): Tunnel | null {
  const code = byUdpPort[dstPort]! || byUdpPort[srcPort]!;
  return code === NONE ? null : TUNNELS[code - 1]!;
}
