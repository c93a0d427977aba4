/**
 * Every connection of the baselines on which we do not agree with Zeek, with the reason. A deviation
 * that is not listed fails the test, and so does a listed one that no longer occurs.
 */

export interface Deviation {
  readonly log: string;
  /** As Zeek has it, or null where only we have it. */
  readonly zeek: string | null;
  readonly ours: string | null;
  readonly reason: string;
}

const TUNNEL = 'inside a tunnel: only the outermost IP header is decoded';
const GRE =
  'the GRE packets that carry a tunnel are a flow with us; Zeek logs no connection for them';
const NO_NUMBER =
  'the packet batch has no IP protocol number, so flows of other protocols between two hosts are one';
const BARE =
  'a SYN-ACK without its SYN: with -b Zeek has no list of server ports, and it counts no packet here';
const LIMITS = 'X says that Zeek stopped an analyzer of its own; nothing here stops';
const ICMP = 'the contract gives ICMP the states S0 and SF; Zeek writes OTH for all of it';

export const KNOWN_DEVIATIONS: readonly Deviation[] = [
  {
    log: 'core.cisco-fabric-path.conn.log',
    zeek: 'unknown_transport 1.1.1.0:0 > 2.2.2.2:0 | OTH - 2/40 0/0',
    ours: null,
    reason: NO_NUMBER,
  },
  {
    log: 'core.cisco-fabric-path.conn.log',
    zeek: 'unknown_transport 1.1.1.0:0 > 2.2.2.2:0 | OTH - 2/64 0/0',
    ours: null,
    reason: NO_NUMBER,
  },
  {
    log: 'core.cisco-fabric-path.conn.log',
    zeek: 'unknown_transport 1234:::0 > 5678:::0 | OTH - 2/80 0/0',
    ours: null,
    reason: NO_NUMBER,
  },
  {
    log: 'core.cisco-fabric-path.conn.log',
    zeek: 'unknown_transport 1234:::0 > 5678:::0 | OTH - 2/104 0/0',
    ours: null,
    reason: NO_NUMBER,
  },
  {
    log: 'core.cisco-fabric-path.conn.log',
    zeek: null,
    ours: 'unknown_transport 1.1.1.0:0 > 2.2.2.2:0 | OTH - 4/104 0/0',
    reason: NO_NUMBER,
  },
  {
    log: 'core.cisco-fabric-path.conn.log',
    zeek: null,
    ours: 'unknown_transport 1234:::0 > 5678:::0 | OTH - 4/184 0/0',
    reason: NO_NUMBER,
  },
  {
    log: 'core.erspanI.conn.log',
    zeek: 'icmp 172.16.133.2:8 > 172.217.11.78:0 | OTH - 5/420 5/420',
    ours: null,
    reason: TUNNEL,
  },
  {
    log: 'core.erspanI.conn.log',
    zeek: null,
    ours: 'unknown_transport 192.168.1.1:0 > 192.168.1.2:0 | OTH - 10/1220 0/0',
    reason: GRE,
  },
  {
    log: 'core.erspanIII.conn.log',
    zeek: 'icmp 192.168.15.47:8 > 1.1.1.1:0 | OTH - 1/84 1/84',
    ours: null,
    reason: TUNNEL,
  },
  {
    log: 'core.erspanIII.conn.log',
    zeek: null,
    ours: 'unknown_transport 10.0.0.1:0 > 10.0.0.2:0 | OTH - 2/276 0/0',
    reason: GRE,
  },
  {
    log: 'core.pppoe.conn.log',
    zeek: 'icmp fc00:0:2:100::1:1:128 > fc00::1:129 | OTH - 5/500 5/500',
    ours: 'icmp fc00:0:2:100::1:1:128 > fc00::1:129 | SF - 5/500 5/500',
    reason: ICMP,
  },
  {
    log: 'core.pppoe.conn.log',
    zeek: 'icmp fe80::c801:eff:fe88:8:134 > fe80::ce05:eff:fe88:0:133 | OTH - 1/64 0/0',
    ours: 'icmp fe80::c801:eff:fe88:8:134 > fe80::ce05:eff:fe88:0:133 | S0 - 1/64 0/0',
    reason: ICMP,
  },
  {
    log: 'core.pppoe.conn.log',
    zeek: 'icmp fe80::c801:eff:fe88:8:136 > ff02::1:135 | OTH - 1/64 0/0',
    ours: 'icmp fe80::c801:eff:fe88:8:136 > ff02::1:135 | S0 - 1/64 0/0',
    reason: ICMP,
  },
  {
    log: 'core.pppoe.conn.log',
    zeek: 'icmp fe80::ce05:eff:fe88:0:133 > ff02::2:134 | OTH - 1/48 0/0',
    ours: 'icmp fe80::ce05:eff:fe88:0:133 > ff02::2:134 | S0 - 1/48 0/0',
    reason: ICMP,
  },
  {
    log: 'core.tunnels.ayiya-large-identity.conn.log',
    zeek: 'udp fd00::1:40000 > fd00::2:40001 | S0 D 1/52 0/0',
    ours: null,
    reason: TUNNEL,
  },
  {
    log: 'core.tunnels.geneve-47101.conn.log',
    zeek: 'tcp 192.168.0.107:45474 > 145.40.68.75:443 | SF ShADadFf 15/1569 9/23587',
    ours: null,
    reason: TUNNEL,
  },
  {
    log: 'core.tunnels.geneve.conn.log',
    zeek: 'icmp 30.0.0.1:8 > 30.0.0.2:0 | OTH - 3/252 3/252',
    ours: null,
    reason: TUNNEL,
  },
  {
    log: 'core.tunnels.gre-over-udp.conn.log',
    zeek: 'udp 172.17.0.2:51714 > 1.1.1.1:53 | SF Dd 2/108 2/227',
    ours: null,
    reason: TUNNEL,
  },
  {
    log: 'core.tunnels.gre-over-udp.conn.log',
    zeek: 'tcp 172.17.0.2:36518 > 192.0.78.150:80 | SF ShADadFf 6/332 4/551',
    ours: null,
    reason: TUNNEL,
  },
  {
    log: 'core.tunnels.gtp.inner_ipv6.conn.log',
    zeek: 'udp fe80::224c:4fff:fe43:414c:1234 > ff02::1:3:5355 | S0 D 1/80 0/0',
    ours: null,
    reason: TUNNEL,
  },
  {
    log: 'core.tunnels.gtp.inner_ipv6.conn.log',
    zeek: 'icmp fe80::224c:4fff:fe43:414c:133 > ff02::2:134 | OTH - 1/56 0/0',
    ours: null,
    reason: TUNNEL,
  },
  {
    log: 'core.vntag-in-vlan.conn.log',
    zeek: 'tcp 10.10.10.1:443 > 10.10.10.2:56960 | OTH - 0/0 0/0',
    ours: 'tcp 10.10.10.2:56960 > 10.10.10.1:443 | OTH ^h 0/0 1/60',
    reason: BARE,
  },
  {
    log: 'scripts.base.protocols.ftp.ftp-max-command-length.conn.log',
    zeek: 'tcp 127.0.0.1:58634 > 127.0.0.1:21 | SF ShAdDaXFf 23/1562 17/1205',
    ours: 'tcp 127.0.0.1:58634 > 127.0.0.1:21 | SF ShAdDaFf 23/1562 17/1205',
    reason: LIMITS,
  },
];
