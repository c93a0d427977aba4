/**
 * SYN_Flood: a target is sent connection attempts that nobody completes, or stray TCP segments that
 * belong to no conversation (ACK, RST, FIN floods; the flags are in the evidence), or packets in its
 * own name (land). A scan of one target looks alike but spreads over ports: a flood repeats them.
 * Source: RFC 4987 §2, §3.
 */
import { flagNames } from '../../wire/tcp-flags.ts';
import { confidenceOf } from '../detector.ts';
import { culpritOf, type FloodPolicy } from '../flood-detector.ts';
import { Pressure } from '../target-pressure.ts';

export const synFloodDefaults = {
  /** Unanswered or uncompleted attempts per second on one target. */
  min_rate: 50,
  /** At most this share of the attempts is completed. */
  max_completed_ratio: 0.2,
  /** Attempts per distinct port: below it the traffic is a scan … */
  min_attempts_per_port: 4,
  /** … unless it comes at a rate per second that is a flood whatever it is after. */
  flood_rate: 1_000,
};

export function synFlood(limits: typeof synFloodDefaults): FloodPolicy {
  return (load, stepMicros) => {
    if (load.kind !== Pressure.SYN && load.kind !== Pressure.STRAY_TCP) return null;
    const rate = load.packets / 5;
    const completedRatio = load.completions / load.packets;
    const attemptsPerPort = load.packets / Math.max(1, load.ports);
    if (rate < limits.min_rate) return null;
    if (load.kind === Pressure.SYN && completedRatio > limits.max_completed_ratio) return null;
    const isSpread = attemptsPerPort < limits.min_attempts_per_port && load.sources < 50;
    if (isSpread && rate < limits.flood_rate) return null;
    const sourceIp = culpritOf(load);
    const flags = flagNames(load.tcpFlags);
    const isLand = load.land > load.packets / 2;
    return {
      kind: 'SYN_Flood',
      detector: 'syn-flood',
      atMicros: stepMicros,
      firstMicros: load.firstMicros,
      sourceIp,
      targetIp: load.targetIp,
      targetPort: load.topPortShare >= 0.5 ? load.topPort : null,
      protocol: 'TCP',
      confidence: confidenceOf(rate, limits.min_rate),
      summary: `${load.targetIp} was sent ${Math.round(rate)} TCP packets/s (${flags}${isLand ? ', in its own name' : ''}) by ${
        sourceIp ?? `about ${load.sources} sources`
      }; ${Math.round(100 * completedRatio)} % became connections`,
      numbers: {
        rate_pps: rate,
        completed_ratio: completedRatio,
        syn_ack_count: load.answers,
        attempts_per_port: attemptsPerPort,
        sources: load.sources,
        tcp_flags: flags,
        land: isLand,
      },
      thresholds: {
        rate_pps: limits.min_rate,
        completed_ratio: limits.max_completed_ratio,
        attempts_per_port: limits.min_attempts_per_port,
      },
      provenConfidence: 0,
      packets: load.packets,
      bytes: load.bytes,
      flows: load.flows,
    };
  };
}
