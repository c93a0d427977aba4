/**
 * UDP_Flood: a target is sent UDP that it does not answer, at a rate no dialogue has. Streams that go
 * one way at a lower rate (voice, telemetry) stay below the limit; downloads over QUIC are answered.
 */
import { confidenceOf } from '../detector.ts';
import { culpritOf, type FloodPolicy, isGroupAddress } from '../flood-detector.ts';
import { Pressure } from '../target-pressure.ts';

export const udpFloodDefaults = {
  /** Packets per second on one target. */
  min_rate: 300,
  /** At most this many answers per packet. */
  max_answer_ratio: 0.05,
};

export function udpFlood(limits: typeof udpFloodDefaults): FloodPolicy {
  return (load, stepMicros) => {
    if (load.kind !== Pressure.UDP || isGroupAddress(load.targetIp)) return null;
    const rate = load.packets / 5;
    const answerRatio = load.answers / load.packets;
    if (rate < limits.min_rate || answerRatio > limits.max_answer_ratio) return null;
    const sourceIp = culpritOf(load);
    return {
      kind: 'UDP_Flood',
      detector: 'udp-flood',
      atMicros: stepMicros,
      firstMicros: load.firstMicros,
      sourceIp,
      targetIp: load.targetIp,
      targetPort: load.topPortShare >= 0.5 ? load.topPort : null,
      protocol: 'UDP',
      confidence: confidenceOf(rate, limits.min_rate),
      summary: `${load.targetIp} was sent ${Math.round(rate)} UDP packets/s by ${
        sourceIp ?? `about ${load.sources} sources`
      } and answered ${Math.round(100 * answerRatio)} % of them`,
      numbers: {
        rate_pps: rate,
        answer_ratio: answerRatio,
        sources: load.sources,
        ports: load.ports,
      },
      thresholds: { rate_pps: limits.min_rate, answer_ratio: limits.max_answer_ratio },
      provenConfidence: 0,
      packets: load.packets,
      bytes: load.bytes,
      flows: load.flows,
    };
  };
}
