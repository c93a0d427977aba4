/**
 * What the lures report, one event after the other: stored, told to the dashboards, and made into one
 * growing alert per visitor. A visitor's session never waits for the database: while it cannot be reached
 * events wait here, and past `MAX_WAITING` they are dropped, counted, and said once.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Alert } from '../contract/alert.ts';
import type { BlockRequest } from '../contract/analysis.ts';
import type { LiveEvent } from '../contract/api.ts';
import type { LureEvent } from '../contract/lure.ts';
import { LureAlerts } from '../core/response/lure-alerts.ts';
import type { Thresholds } from '../core/response/policy.ts';
import { AppError } from '../errors.ts';
import { upsertAlerts } from '../store/alert-upsert.ts';
import { listAlerts } from '../store/alerts.ts';
import type { Database } from '../store/database.ts';
import { insertLureEvents } from '../store/lures.ts';
import type { Log } from './log.ts';

const MAX_WAITING = 10_000;
const RETRY_MS = 1_000;
/** Visitors of today whose counts go on after a restart. */
const MAX_RESUMED = 1_000;

export interface LureIntakeOptions {
  readonly db: Database;
  readonly sensorId: string;
  readonly policy: Thresholds;
  readonly isProtected: (ip: string) => boolean;
  readonly publish: (event: LiveEvent) => void;
  /** Of an alert that is stored. */
  readonly announce: (alert: Alert) => void;
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
  #isEnding = false;
  #isDown = false;

  private constructor(options: LureIntakeOptions) {
    this.#options = options;
    this.#alerts = new LureAlerts(options);
  }

  /** Takes up the alerts that are in the database, so that a restart does not begin their counts anew. */
  static async open(options: LureIntakeOptions): Promise<LureIntake> {
    const intake = new LureIntake(options);
    for (const alert_type of ['Honeypot_Contact', 'Honeypot_Login'] as const) {
      const { alerts } = await listAlerts(options.db, {
        alert_type,
        suppressed: 'with',
        limit: MAX_RESUMED,
      });
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

  /** Resolves when everything taken so far was stored or, where the database cannot be reached now, given up. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    await this.#turn;
    if (this.dropped > 0)
      this.#options.log.error({ events: this.dropped }, 'Lure events were lost');
  }

  async #take(event: LureEvent): Promise<void> {
    const { publish, announce, block, log } = this.#options;
    const alert = this.#alerts.observe(event);
    try {
      if (!(await this.#store(event, alert))) return;
      publish({ type: 'lure', data: event });
      if (!alert) return;
      announce(alert);
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
  /** Tries until the database is there again; false: given up. A repeat changes nothing. */
  async #store(event: LureEvent, alert: Alert | null): Promise<boolean> {
    const { db, log } = this.#options;
    for (;;) {
      if (this.#isEnding && this.#isDown) {
        this.dropped++;
        return false;
      }
      try {
        await insertLureEvents(db, [event]);
        if (alert) await db.transaction((tx) => upsertAlerts(tx, [alert]));
        this.#isDown = false;
        return true;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        if (!this.#isDown) log.warn({ err: error }, 'lure events wait for the database');
        this.#isDown = true;
        if (!this.#isEnding) await sleep(RETRY_MS);
      }
    }
  }
}
