/** Every detector's limits under one name each: what the `detection` section of the configuration may change. */

import { amplificationDefaults } from './detectors/amplification.ts';
import { arpRelayDefaults } from './detectors/arp-relay.ts';
import { arpSpoofDefaults } from './detectors/arp-spoof.ts';
import { beaconDefaults } from './detectors/beacon.ts';
import { bruteForceDefaults } from './detectors/brute-force.ts';
import { dnsTunnelDefaults } from './detectors/dns-tunnel.ts';
import { exfiltrationDefaults } from './detectors/exfiltration.ts';
import { hostDiscoveryDefaults } from './detectors/host-discovery.ts';
import { httpFloodDefaults } from './detectors/http-flood.ts';
import { icmpFloodDefaults } from './detectors/icmp-flood.ts';
import { lateralMovementDefaults } from './detectors/lateral-movement.ts';
import { portScanDefaults } from './detectors/port-scan.ts';
import { probingDefaults } from './detectors/probing.ts';
import { sequentialScanDefaults } from './detectors/sequential-scan.ts';
import { serviceScanDefaults } from './detectors/service-scan.ts';
import { slowlorisDefaults } from './detectors/slowloris.ts';
import { sshRefusalsDefaults } from './detectors/ssh-refusals.ts';
import { synFloodDefaults } from './detectors/syn-flood.ts';
import { udpFloodDefaults } from './detectors/udp-flood.ts';
import { webAttackDefaults } from './detectors/web-attack.ts';
import { webScanDefaults } from './detectors/web-scan.ts';
import { modelFindingDefaults } from './model-findings.ts';

export const DETECTION_DEFAULTS = {
  syn_flood: synFloodDefaults,
  udp_flood: udpFloodDefaults,
  icmp_flood: icmpFloodDefaults,
  http_flood: httpFloodDefaults,
  amplification: amplificationDefaults,
  port_scan: portScanDefaults,
  sequential_scan: sequentialScanDefaults,
  probing: probingDefaults,
  service_scan: serviceScanDefaults,
  host_discovery: hostDiscoveryDefaults,
  brute_force: bruteForceDefaults,
  ssh_refusals: sshRefusalsDefaults,
  arp_spoof: arpSpoofDefaults,
  arp_relay: arpRelayDefaults,
  dns_tunnel: dnsTunnelDefaults,
  slowloris: slowlorisDefaults,
  web_attack: webAttackDefaults,
  web_scan: webScanDefaults,
  beacon: beaconDefaults,
  exfiltration: exfiltrationDefaults,
  lateral_movement: lateralMovementDefaults,
  models: modelFindingDefaults,
};

export type DetectionLimits = typeof DETECTION_DEFAULTS;
