/** ICMP_Flood: a target is sent ICMP requests at a rate that no diagnosis needs, answered or not. */
import { confidenceOf } from '../detector.ts';
import { culpritOf, type FloodPolicy, isGroupAddress } from '../flood-detector.ts';
import { Pressure } from '../target-pressure.ts';

export const icmpFloodDefaults = {
  /** Requests per second on one target. */
  min_rate: 100,
};

export function icmpFlood(limits: typeof icmpFloodDefaults): FloodPolicy {
  return (load, stepMicros) => {
    if (load.kind !== Pressure.ICMP || isGroupAddress(load.targetIp)) return null;
    const rate = load.packets / 5;
    if (rate < limits.min_rate) return null;
    const sourceIp = culpritOf(load);
    return {
      kind: 'ICMP_Flood',
      detector: 'icmp-flood',
      atMicros: stepMicros,
      firstMicros: load.firstMicros,
      sourceIp,
      targetIp: load.targetIp,
      targetPort: null,
      protocol: load.targetIp.includes(':') ? 'ICMPv6' : 'ICMP',
      confidence: confidenceOf(rate, limits.min_rate),
      summary: `${load.targetIp} was sent ${Math.round(rate)} ICMP packets/s by ${
        sourceIp ?? `about ${load.sources} sources`
      }`,
      numbers: { rate_pps: rate, answers: load.answers, sources: load.sources },
      thresholds: { rate_pps: limits.min_rate },
      provenConfidence: 0,
      packets: load.packets,
      bytes: load.bytes,
      flows: load.flows,
    };
  };
}
