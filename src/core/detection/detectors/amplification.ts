/**
 * Amplification: a service is asked over UDP, in somebody's name and at a rate no client has, for
 * answers many times the size of the questions. The "source" is then the victim: its address was
 * forged, so such a detection never blocks. Source: RFC 5358 (DNS), US-CERT TA14-017A (factors).
 */
import { confidenceOf } from '../detector.ts';
import { culpritOf, type FloodPolicy } from '../flood-detector.ts';
import { Pressure } from '../target-pressure.ts';

/** DNS, chargen, NTP, SNMP, CLDAP, SSDP, memcached. */
const REFLECTOR_PORTS = new Set([19, 53, 123, 161, 389, 1900, 11_211]);

export const amplificationDefaults = {
  /** Requests per second to one service, mostly in one name. */
  min_rate: 100,
  /** Bytes answered per byte asked. */
  min_factor: 3,
};

export function amplification(limits: typeof amplificationDefaults): FloodPolicy {
  return (load, stepMicros) => {
    if (load.kind !== Pressure.UDP || !REFLECTOR_PORTS.has(load.topPort)) return null;
    const rate = load.packets / 5;
    const factor = load.answerBytes / load.bytes;
    const sourceIp = culpritOf(load);
    if (rate < limits.min_rate || factor < limits.min_factor || sourceIp === null) return null;
    return {
      kind: 'Amplification',
      detector: 'amplification',
      atMicros: stepMicros,
      firstMicros: load.firstMicros,
      sourceIp,
      targetIp: load.targetIp,
      targetPort: load.topPort,
      protocol: 'UDP',
      confidence: confidenceOf(rate, limits.min_rate),
      summary: `${load.targetIp}:${load.topPort} was asked ${Math.round(rate)} times/s in the name of ${sourceIp} and answered with ${factor.toFixed(1)} times the bytes`,
      numbers: { rate_pps: rate, factor, answer_bytes: load.answerBytes },
      thresholds: { rate_pps: limits.min_rate, factor: limits.min_factor },
      provenConfidence: 0,
      packets: load.packets,
      bytes: load.bytes,
      flows: load.flows,
    };
  };
}
