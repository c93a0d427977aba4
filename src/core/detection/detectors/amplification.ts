/**
 * Amplification: a service is asked over UDP, in somebody's name and at a rate no client has, for
 * answers many times the size of the questions. The "source" is then the victim: its address was
 * forged, so such a detection never blocks. Seen from the victim: large answers that it never asked for,
 * from many servers. Source: RFC 5358 (DNS), US-CERT TA14-017A (factors).
 *
 * What such a flood weighs is its questions times the factor, and a name server's ordinary answers come to little more
 * than their questions: where it answers with several times that, fewer questions show as much. Other services answer
 * at length to whoever is meant to ask (a table read over SNMP).
 */
import { confidenceOf, type Detection } from '../detector.ts';
import { culpritOf, type FloodPolicy } from '../flood-detector.ts';
import { Pressure, type TargetLoad } from '../target-pressure.ts';

/** DNS, chargen, NTP, SNMP, CLDAP, SSDP, memcached. */
const REFLECTOR_PORTS = new Set([19, 53, 123, 161, 389, 1900, 11_211]);

const DNS_PORT = 53;

export const amplificationDefaults = {
  /** Requests per second to one service, mostly in one name. */
  min_rate: 100,
  /** Bytes answered per byte asked. */
  min_factor: 3,
  /** From this factor on, so many requests per second to a name server are enough. */
  strong_factor: 9,
  min_strong_rate: 40,
  /** Unasked answers per second to one victim, and how many servers they come from. */
  min_unasked_rate: 50,
  min_reflectors: 10,
  /** Bytes of an unasked answer, mean: a capture that sees only one direction sees small ones. */
  min_unasked_bytes: 200,
};

export function amplification(limits: typeof amplificationDefaults): FloodPolicy {
  return (load, stepMicros) => {
    if (load.kind === Pressure.UNASKED_UDP) return reflected(load, stepMicros, limits);
    if (load.kind !== Pressure.UDP || !REFLECTOR_PORTS.has(load.topPort)) return null;
    const rate = load.packets / 5;
    const factor = load.answerBytes / load.bytes;
    const sourceIp = culpritOf(load);
    const isStrong = load.topPort === DNS_PORT && factor >= limits.strong_factor;
    const minRate = isStrong ? limits.min_strong_rate : limits.min_rate;
    const minFactor = isStrong ? limits.strong_factor : limits.min_factor;
    if (rate < minRate || factor < minFactor || sourceIp === null) return null;
    return {
      kind: 'Amplification',
      detector: 'amplification',
      atMicros: stepMicros,
      firstMicros: load.firstMicros,
      sourceIp,
      targetIp: load.targetIp,
      targetPort: load.topPort,
      protocol: 'UDP',
      confidence: confidenceOf(rate, minRate),
      summary: `${load.targetIp}:${load.topPort} was asked ${Math.round(rate)} times/s in the name of ${sourceIp} and answered with ${factor.toFixed(1)} times the bytes`,
      numbers: { rate_pps: rate, factor, answer_bytes: load.answerBytes },
      thresholds: { rate_pps: minRate, factor: minFactor },
      provenConfidence: 0,
      packets: load.packets,
      bytes: load.bytes,
      flows: load.flows,
    };
  };
}

/** The victim's side: the reflectors are many, and none of them is the culprit. */
function reflected(
  load: TargetLoad,
  stepMicros: number,
  limits: typeof amplificationDefaults,
): Detection | null {
  const rate = load.packets / 5;
  const meanBytes = load.bytes / load.packets;
  if (!REFLECTOR_PORTS.has(load.sourcePort) || rate < limits.min_unasked_rate) return null;
  if (load.sources < limits.min_reflectors || meanBytes < limits.min_unasked_bytes) return null;
  return {
    kind: 'Amplification',
    detector: 'amplification',
    atMicros: stepMicros,
    firstMicros: load.firstMicros,
    sourceIp: null,
    targetIp: load.targetIp,
    targetPort: null,
    protocol: 'UDP',
    confidence: confidenceOf(rate, limits.min_unasked_rate),
    summary: `${load.targetIp} was sent ${Math.round(rate)} answers/s that it did not ask for, by about ${load.sources} servers (port ${load.sourcePort})`,
    numbers: {
      rate_pps: rate,
      reflectors: load.sources,
      mean_bytes: meanBytes,
      service_port: load.sourcePort,
    },
    thresholds: {
      rate_pps: limits.min_unasked_rate,
      reflectors: limits.min_reflectors,
      mean_bytes: limits.min_unasked_bytes,
    },
    provenConfidence: 0,
    packets: load.packets,
    bytes: load.bytes,
    flows: load.flows,
  };
}
