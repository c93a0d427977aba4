/**
 * Shows the loads of five seconds to the flood policies, one short file each, and reports what they find. A flood that has
 * earlier what makes one of the whole is told of at once: nothing that comes later takes that back but answers,
 * and those have had half a second.
 */
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import type { Detection, Detector, Report } from './detector.ts';
import { type Observation, Sight } from './observation.ts';
import { type TargetLoad, TargetPressure } from './target-pressure.ts';

/** Judges one target's load of one step; null where it is nothing. `stepMicros` is the end of the step. */
export type FloodPolicy = (load: TargetLoad, stepMicros: number) => Detection | null;

/** Fewer packets of a step are no flood by any policy's defaults: not worth a look. */
const MIN_PACKETS = 200;

export class FloodDetector implements Detector {
  readonly name = 'flood';
  readonly sights = Sight.OPENING | Sight.DATAGRAM | Sight.APPLICATION;
  readonly #pressure = new TargetPressure();
  readonly #policies: readonly FloodPolicy[];
  readonly #report: Report;

  constructor(policies: readonly FloodPolicy[], report: Report) {
    this.#policies = policies;
    this.#report = report;
  }

  get evictions(): number {
    return this.#pressure.refused;
  }

  observe(seen: Observation): void {
    if (seen.sourceKey >= 0) this.#pressure.observe(seen);
  }

  endStep(endMicros: number): void {
    this.tick(endMicros);
    // The capture may end here.
    this.#pressure.review((load) => this.#judge(load, endMicros));
  }

  tick(nowMicros: number): void {
    this.#pressure.look(
      nowMicros,
      MIN_PACKETS,
      (load, settled) => {
        const found = this.#policies.flatMap((policy) => {
          const detection = policy(load, nowMicros);
          return detection && policy(settled, nowMicros) ? detection : [];
        });
        for (const detection of found) this.#report(detection);
        return found.length > 0;
      },
      (load) => this.#judge(load, nowMicros),
    );
  }

  #judge(load: TargetLoad, atMicros: number): boolean {
    let isFound = false;
    for (const policy of this.#policies) {
      const detection = policy(load, atMicros);
      if (detection === null) continue;
      isFound = true;
      if (detection.packets > load.toldPackets) this.#report(withoutTold(detection, load));
    }
    return isFound;
  }

  save(writer: StateWriter): void {
    this.#pressure.save(writer);
  }

  load(reader: StateReader): void {
    this.#pressure.load(reader);
  }
}

function withoutTold(detection: Detection, load: TargetLoad): Detection {
  const { toldPackets, toldBytes, toldFlows } = load;
  if (toldPackets === 0) return detection;
  return {
    ...detection,
    packets: detection.packets - toldPackets,
    bytes: detection.bytes - toldBytes,
    flows: detection.flows - toldFlows,
  };
}

/**
 * Who to name: the heaviest source where it sent at least half, else nobody. Multicast and broadcast
 * targets are left out by the caller.
 */
export function culpritOf(load: TargetLoad): string | null {
  return load.topSourceShare >= 0.5 ? load.topSourceIp : null;
}

/** True for group addresses: nobody is flooded there. */
export function isGroupAddress(ip: string): boolean {
  if (ip.includes(':')) return ip.startsWith('ff');
  const first = Number(ip.slice(0, ip.indexOf('.')));
  return first >= 224 || ip.endsWith('.255');
}
