/**
 * Lateral_Movement: a host inside signs in, one after the other, to hosts inside that it never administered before.
 * An administrator's machine does so too, but to the same hosts again and again: those it reached before the window
 * are known and do not count. Unanswered tries are a scan's business, not this detector's.
 */
import type { FlowRecord } from '../../../contract/flow.ts';
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { confidenceOf, type Detector, type Report } from '../detector.ts';
import { isInside } from '../inside.ts';
import { RecentMap } from '../recent-map.ts';

export const lateralMovementDefaults = {
  /** Hosts newly administered within the window. */
  min_hosts: 4,
  window_s: 600,
  /** Less payload than this, both sides together, is a knock and no session. */
  min_bytes: 500,
  /** Hosts that administer others, remembered; the longest quiet is forgotten first. */
  max_sources: 1_024,
};

/** SSH, Telnet, RPC, NetBIOS, SMB, rlogin, RDP, VNC, WinRM. */
const ADMIN_PORTS: ReadonlySet<number> = new Set([
  22, 23, 135, 139, 445, 513, 3389, 5900, 5985, 5986,
]);
/** Hosts remembered of one source; past it the longest unseen is forgotten. */
const MAX_TARGETS = 1_024;

interface Admin {
  /** By target: when it was first administered, µs. Longest unseen first. */
  readonly targets: Map<string, number>;
  packets: number;
  bytes: number;
  flows: number;
}

export class LateralMovementDetector implements Detector {
  readonly name = 'lateral-movement';
  readonly sights = 0;
  readonly #limits: typeof lateralMovementDefaults;
  readonly #report: Report;
  readonly #admins: RecentMap<string, Admin>;
  /** Targets forgotten for want of room. */
  #forgotten = 0;

  constructor(limits: typeof lateralMovementDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
    this.#admins = new RecentMap(limits.max_sources);
  }

  get evictions(): number {
    return this.#admins.evictions + this.#forgotten;
  }

  observe(): void {}

  endFlow(flow: FlowRecord): void {
    if (!flow.isValidated || !ADMIN_PORTS.has(flow.dstPort)) return;
    if (flow.payloadFwd === 0 || flow.payloadFwd + flow.payloadBwd < this.#limits.min_bytes) return;
    if (!isInside(flow.srcIp) || !isInside(flow.dstIp) || flow.srcIp === flow.dstIp) return;
    const admin = this.#admins.touch(flow.srcIp, newAdmin);
    admin.packets += flow.packetsFwd + flow.packetsBwd;
    admin.bytes += flow.bytesFwd + flow.bytesBwd;
    admin.flows++;
    const { targets } = admin;
    const known = targets.get(flow.dstIp);
    targets.delete(flow.dstIp);
    targets.set(flow.dstIp, known ?? flow.firstSeenMicros);
    if (targets.size > MAX_TARGETS) {
      const [oldest] = targets.keys();
      if (oldest !== undefined) targets.delete(oldest);
      this.#forgotten++;
    }
    if (known === undefined) this.#judge(admin, flow);
  }

  #judge(admin: Admin, flow: FlowRecord): void {
    const { min_hosts, window_s } = this.#limits;
    const since = flow.firstSeenMicros - window_s * 1e6;
    const fresh = [...admin.targets].filter(([, first]) => first > since);
    if (fresh.length < min_hosts) return;
    const firstMicros = Math.min(...fresh.map(([, first]) => first));
    const seconds = (flow.lastSeenMicros - firstMicros) / 1e6;
    const { srcIp } = flow;
    this.#report({
      kind: 'Lateral_Movement',
      detector: this.name,
      atMicros: flow.lastSeenMicros,
      firstMicros,
      sourceIp: srcIp,
      targetIp: null,
      targetPort: null,
      protocol: 'TCP',
      confidence: confidenceOf(fresh.length, min_hosts),
      summary: `${srcIp} opened administrative sessions to ${fresh.length} hosts that it never administered before, within ${Math.ceil(seconds)} s`,
      numbers: { hosts: fresh.length, seconds, latest: flow.dstIp },
      thresholds: { hosts: min_hosts },
      provenConfidence: 0,
      packets: admin.packets,
      bytes: admin.bytes,
      flows: admin.flows,
    });
    admin.packets = 0;
    admin.bytes = 0;
    admin.flows = 0;
  }

  save(writer: StateWriter): void {
    this.#admins.save(writer, (admin) => ({ ...admin, targets: [...admin.targets] }));
    writer.number(this.#forgotten);
  }

  load(reader: StateReader): void {
    this.#admins.load(reader, (saved) => {
      const admin = saved as Omit<Admin, 'targets'> & { targets: [string, number][] };
      return { ...admin, targets: new Map(admin.targets) };
    });
    this.#forgotten = reader.number();
  }
}

function newAdmin(): Admin {
  return { targets: new Map(), packets: 0, bytes: 0, flows: 0 };
}
