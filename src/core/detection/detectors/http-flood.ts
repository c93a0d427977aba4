/** HTTP_Flood: one client, or many, ask a web server at a rate that no browser or crawler has. */
import { confidenceOf, provenConfidenceOf } from '../detector.ts';
import { culpritOf, type FloodPolicy } from '../flood-detector.ts';
import { Pressure, type TargetLoad } from '../target-pressure.ts';

export const httpFloodDefaults = {
  /** Requests per second on one server, at least half of them from one client. */
  min_rate: 100,
};

export function httpFlood(limits: typeof httpFloodDefaults): FloodPolicy {
  return (load, stepMicros) => {
    if (load.kind !== Pressure.HTTP) return null;
    const rate = load.packets / 5;
    const sourceIp = culpritOf(load);
    if (rate < limits.min_rate || sourceIp === null) return null;
    return {
      kind: 'HTTP_Flood',
      detector: 'http-flood',
      atMicros: stepMicros,
      firstMicros: load.firstMicros,
      sourceIp,
      targetIp: load.targetIp,
      targetPort: load.topPort,
      protocol: 'TCP',
      confidence: confidenceOf(rate, limits.min_rate),
      summary: `${sourceIp} sent ${Math.round(rate)} HTTP requests/s to ${load.targetIp}:${load.topPort}`,
      numbers: { rate_rps: rate, answers: load.answers, sources: load.sources },
      thresholds: { rate_rps: limits.min_rate },
      provenConfidence: provenConfidenceOf(provenOf(load) / 5, limits.min_rate),
      packets: load.packets,
      bytes: load.bytes,
      flows: load.flows,
    };
  };
}

/** Requests that are certainly both: on proven connections, and the heaviest source's. */
function provenOf({ packets, validated, topSourceShare }: TargetLoad): number {
  return Math.max(0, validated + topSourceShare * packets - packets);
}
