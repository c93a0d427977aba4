/**
 * Tells of alerts that are stored, as they stand in the database: what people said of them is in it, and what a
 * suppression hides is not told at all. Whatever is to hear of alerts hears of them here.
 */
import type { Alert } from '../contract/alert.ts';
import { visibleAlerts } from '../store/alerts.ts';
import type { Database } from '../store/database.ts';
import type { Log } from './log.ts';

/** Alerts not yet told; past it they are not told, counted, and seen when a page is loaded. */
const MAX_WAITING = 10_000;

export interface AlertAnnouncerOptions {
  readonly db: Database;
  readonly log: Log;
  readonly tell: (alert: Alert) => void;
}

export class AlertAnnouncer {
  /** Alerts not told because too many waited or the database could not be read, since the start. */
  dropped = 0;
  readonly #options: AlertAnnouncerOptions;
  readonly #waiting = new Set<string>();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: AlertAnnouncerOptions) {
    this.#options = options;
  }

  /** To be called after the commit. An alert that waits already is told once, as it stands then. */
  announce(alerts: readonly Pick<Alert, 'id'>[]): void {
    if (alerts.length === 0) return;
    for (const { id } of alerts)
      if (this.#waiting.size < MAX_WAITING) this.#waiting.add(id);
      else this.dropped++;
    this.#turn = this.#turn.then(() => this.#tell());
  }

  /** Resolves when everything announced so far was told. */
  async idle(): Promise<void> {
    await this.#turn;
  }

  async #tell(): Promise<void> {
    const { db, log, tell } = this.#options;
    const ids = [...this.#waiting];
    this.#waiting.clear();
    if (ids.length === 0) return;
    try {
      for (const alert of await visibleAlerts(db, ids)) tell(alert);
    } catch (error) {
      this.dropped += ids.length;
      log.warn({ err: error, alerts: ids.length }, 'alerts were stored and not told');
    }
  }
}
