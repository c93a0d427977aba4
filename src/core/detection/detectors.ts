/** All detectors, wired: the one place that a new one is added to, beside its limits. */

import type { AlertKind } from '../../contract/alert-kinds.ts';
import type { DetectionLimits } from './detection-limits.ts';
import type { Detector, Report } from './detector.ts';
import { amplification } from './detectors/amplification.ts';
import { ArpRelayDetector } from './detectors/arp-relay.ts';
import { ArpSpoofDetector } from './detectors/arp-spoof.ts';
import { BeaconDetector } from './detectors/beacon.ts';
import { BruteForceDetector } from './detectors/brute-force.ts';
import { DnsTunnelDetector } from './detectors/dns-tunnel.ts';
import { ExfiltrationDetector } from './detectors/exfiltration.ts';
import { HostDiscoveryDetector } from './detectors/host-discovery.ts';
import { httpFlood } from './detectors/http-flood.ts';
import { icmpFlood } from './detectors/icmp-flood.ts';
import { LateralMovementDetector } from './detectors/lateral-movement.ts';
import { PortScanDetector } from './detectors/port-scan.ts';
import { ProbingDetector } from './detectors/probing.ts';
import { SequentialScanDetector } from './detectors/sequential-scan.ts';
import { ServiceScanDetector } from './detectors/service-scan.ts';
import { SlowlorisDetector } from './detectors/slowloris.ts';
import { SshRefusalsDetector } from './detectors/ssh-refusals.ts';
import { synFlood } from './detectors/syn-flood.ts';
import { udpFlood } from './detectors/udp-flood.ts';
import { WebAttackDetector } from './detectors/web-attack.ts';
import { WebScanDetector } from './detectors/web-scan.ts';
import { FloodDetector } from './flood-detector.ts';

/** What they report: of these kinds a forest alone raises no alert. */
export const DETECTED_KINDS: ReadonlySet<AlertKind> = new Set([
  'SYN_Flood',
  'UDP_Flood',
  'ICMP_Flood',
  'HTTP_Flood',
  'Amplification',
  'Port_Scan',
  'Host_Discovery',
  'Brute_Force',
  'ARP_Spoof',
  'DNS_Tunnel',
  'Slowloris',
  'SQL_Injection',
  'Web_Exploit',
  'Web_Scan',
  'C2_Beacon',
  'Exfiltration',
  'Lateral_Movement',
]);

export function createDetectors(limits: DetectionLimits, report: Report): Detector[] {
  const floods = [
    synFlood(limits.syn_flood),
    udpFlood(limits.udp_flood),
    icmpFlood(limits.icmp_flood),
    httpFlood(limits.http_flood),
    amplification(limits.amplification),
  ];
  const ssh = new SshRefusalsDetector(limits.ssh_refusals, report);
  return [
    new FloodDetector(floods, report),
    new PortScanDetector(limits.port_scan, report),
    new SequentialScanDetector(limits.sequential_scan, report),
    new ProbingDetector(limits.probing, report),
    new ServiceScanDetector(limits.service_scan, report),
    new HostDiscoveryDetector(limits.host_discovery, report),
    new BruteForceDetector(limits.brute_force, report, ssh),
    ssh,
    new ArpSpoofDetector(limits.arp_spoof, report),
    new ArpRelayDetector(limits.arp_relay, report),
    new DnsTunnelDetector(limits.dns_tunnel, report),
    new SlowlorisDetector(limits.slowloris, report),
    new WebAttackDetector(limits.web_attack, report),
    new WebScanDetector(limits.web_scan, report),
    new BeaconDetector(limits.beacon, report),
    new ExfiltrationDetector(limits.exfiltration, report),
    new LateralMovementDetector(limits.lateral_movement, report),
  ];
}
