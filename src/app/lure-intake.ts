/**
 * What the lures report, one event after the other: stored, told to the dashboards, and made into one
 * growing alert per visitor. A visitor's session never waits for the database; past `MAX_WAITING` events
 * are dropped, counted, and said once.
 */

import type { BlockRequest } from '../contract/analysis.ts';
import type { LiveEvent } from '../contract/api.ts';
import type { LureEvent } from '../contract/lure.ts';
import { LureAlerts } from '../core/response/lure-alerts.ts';
import type { Thresholds } from '../core/response/policy.ts';
import { upsertAlerts } from '../store/alert-upsert.ts';
import { listAlerts } from '../store/alerts.ts';
import type { Database } from '../store/database.ts';
import { insertLureEvents } from '../store/lures.ts';
import type { Log } from './log.ts';

const MAX_WAITING = 10_000;
/** Visitors of today whose counts go on after a restart. */
const MAX_RESUMED = 1_000;

export interface LureIntakeOptions {
  readonly db: Database;
  readonly sensorId: string;
  readonly policy: Thresholds;
  readonly isProtected: (ip: string) => boolean;
  readonly publish: (event: LiveEvent) => void;
  readonly block: (request: BlockRequest) => Promise<void>;
  readonly log: Log;
}

export class LureIntake {
  /** Events dropped because the database did not keep up, since the start. */
  dropped = 0;
  readonly #options: LureIntakeOptions;
  readonly #alerts: LureAlerts;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;

  private constructor(options: LureIntakeOptions) {
    this.#options = options;
    this.#alerts = new LureAlerts(options);
  }

  /** Takes up the alerts that are in the database, so that a restart does not begin their counts anew. */
  static async open(options: LureIntakeOptions): Promise<LureIntake> {
    const intake = new LureIntake(options);
    for (const alert_type of ['Honeypot_Contact', 'Honeypot_Login'] as const) {
      const { alerts } = await listAlerts(options.db, { alert_type, limit: MAX_RESUMED });
      for (const alert of alerts.reverse()) intake.#alerts.resume(alert);
    }
    return intake;
  }

  take(event: LureEvent): void {
    if (this.#waiting >= MAX_WAITING) {
      if (this.dropped++ === 0)
        this.#options.log.error('Lure events are dropped: the database does not keep up');
      return;
    }
    this.#waiting++;
    this.#turn = this.#turn.then(() => this.#take(event)).finally(() => this.#waiting--);
  }

  /** Resolves when everything taken so far was stored or given up. */
  async idle(): Promise<void> {
    await this.#turn;
  }

  async #take(event: LureEvent): Promise<void> {
    const { db, publish, block, log } = this.#options;
    const alert = this.#alerts.observe(event);
    try {
      await insertLureEvents(db, [event]);
      publish({ type: 'lure', data: event });
      if (!alert) return;
      await upsertAlerts(db, [alert]);
      publish({ type: 'alert', data: alert });
      if (alert.decision !== 'BLOCK' || alert.source_ip === null) return;
      const { id: alertId, source_ip: ip, description: reason, last_seen: lastSeen } = alert;
      await block({ ip, alertId, reason, atMicros: lastSeen * 1e6 });
    } catch (error) {
      log.error(
        { err: error, lure: event.service, source: event.source_ip },
        'a lure event was not stored',
      );
    }
  }
}
