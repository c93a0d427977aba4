/**
 * Decisions made, carried out and taken back: the one place where a block begins. Simulated until a
 * person arms the policy; never against a protected address; the enforcer checks that again by itself.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BlockRequest } from '../contract/analysis.ts';
import type { BlockOrder } from '../contract/api.ts';
import type { Decision } from '../contract/decision.ts';
import { canonicalAddress } from '../core/response/address.ts';
import { NeverBlockList, type NeverBlockNetwork } from '../core/response/never-block.ts';
import { AppError } from '../errors.ts';
import type { Enforcement } from '../firewall/enforcer.ts';
import type { Database } from '../store/database.ts';
import {
  activeDecisions,
  expireDecisions,
  getDecision,
  hasDecision,
  insertDecision,
  updateDecision,
} from '../store/decisions.ts';
import { suppressionOf } from '../store/hidden-alerts.ts';
import { readPolicy } from '../store/policy.ts';
import { listProtected } from '../store/protected.ts';
import type { Log } from './log.ts';

/** Who decided, where it was nobody. */
const ANALYSIS = 'analysis';
const ASK_AGAIN_MS = 1_000;
/** What alerts ask for while the database is away: what comes after is not made, and counted. */
const MAX_WAITING = 10_000;

interface Wish {
  readonly address: string;
  readonly reason: string;
  readonly alertId: string | null;
  /** Null: the policy's. */
  readonly seconds: number | null;
  readonly by: string;
  /** False: recorded and shown, not carried out, armed or not. */
  readonly isReal: boolean;
  /** When it was seen, ms since the epoch; absent: now. */
  readonly atMs?: number;
}

export interface DecisionsOptions {
  readonly db: Database;
  /** Null: there is no firewall to change here, and why is in `enforcementReason`. */
  readonly enforcement: Enforcement | null;
  readonly enforcementReason: string | null;
  /** Another process carries out what stays pending here. */
  readonly isElsewhere?: boolean;
  /**
   * What an alert asks for waits for a database that is away until this aborts: the alert may be on another, and is stored.
   * Absent: it is not made, and the log says so.
   */
  readonly keepAsking?: AbortSignal;
  /** Blocks that alerts ask for and that are not made yet; 10,000. */
  readonly maxWaiting?: number;
  readonly log: Log;
  readonly onChange: (decision: Decision) => void;
}

export class Decisions {
  readonly #options: DecisionsOptions;
  /** One after the other: two alerts on one source make one decision. */
  #turn: Promise<unknown> = Promise.resolve();
  /** What alerts ask for: one after the other, so that of two alerts on a source always the same one leads to the block. */
  #asked: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** Blocks not made because too many waited, since the start. */
  dropped = 0;

  constructor(options: DecisionsOptions) {
    this.#options = options;
  }

  /** @throws AppError protected_address, invalid_request, firewall_unavailable */
  async block(order: BlockOrder, by: string): Promise<Decision> {
    const decision = await this.#decideInTurn({
      address: order.ip,
      reason: order.reason ?? 'by hand',
      alertId: null,
      seconds: order.duration_s ?? null,
      by,
      isReal: true,
    });
    if (decision.state === 'refused')
      throw new AppError('firewall_unavailable', decision.detail ?? 'refused');
    return decision;
  }

  /**
   * What an alert asks for; only recorded unless `isReal`, and nothing for an alert that is suppressed. Never
   * throws: what goes wrong stands in the decision and in the log.
   */
  blockFor(request: BlockRequest, isReal = true): Promise<void> {
    return this.#inOrder(request, () => this.#blockFor(request, isReal));
  }

  /** As `blockFor`, for what may have been asked for before a restart: an alert that led to a decision leads to no other. */
  blockOnce(request: BlockRequest, isReal = true): Promise<void> {
    return this.#inOrder(request, async () => {
      if (!(await hasDecision(this.#options.db, request.alertId)))
        await this.#blockFor(request, isReal);
    });
  }

  async #blockFor(request: BlockRequest, isReal: boolean): Promise<void> {
    const { db, log } = this.#options;
    const suppression = await suppressionOf(db, request.alertId);
    if (suppression !== null) {
      log.info({ ip: request.ip, alert: request.alertId, suppression }, 'block suppressed');
      return;
    }
    const decision = await this.#decideInTurn({
      address: request.ip,
      reason: request.reason,
      alertId: request.alertId,
      seconds: null,
      by: ANALYSIS,
      isReal,
      atMs: request.atMicros / 1000,
    });
    log.info({ ip: request.ip, alert: request.alertId, state: decision.state }, 'decision BLOCK');
  }

  #inOrder(request: BlockRequest, make: () => Promise<void>): Promise<void> {
    const { log, maxWaiting = MAX_WAITING } = this.#options;
    if (this.#waiting >= maxWaiting) {
      if (this.dropped++ === 0)
        log.warn(
          { ip: request.ip, alert: request.alertId, waiting: this.#waiting },
          'block was not made, and more may follow: too many wait for the database',
        );
      return Promise.resolve();
    }
    this.#waiting++;
    this.#asked = this.#asked
      .then(() => this.#untilMade(request, make))
      .finally(() => {
        this.#waiting--;
      });
    return this.#asked;
  }

  /** Tries again for as long as a database is away and somebody waits for it. */
  async #untilMade(request: BlockRequest, make: () => Promise<void>): Promise<void> {
    const { keepAsking: signal, log } = this.#options;
    for (;;) {
      try {
        return await make();
      } catch (error) {
        const isAway = error instanceof AppError && error.code === 'database_unavailable';
        if (signal && isAway && !signal.aborted)
          await sleep(ASK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
        if (signal && isAway && !signal.aborted) continue;
        log.warn({ ip: request.ip, alert: request.alertId, err: error }, 'block was not made');
        return;
      }
    }
  }

  /** @throws AppError not_found, conflict, firewall_unavailable */
  async unblock(id: string, by: string): Promise<Decision> {
    const { db, enforcement, onChange } = this.#options;
    const decision = await getDecision(db, id);
    if (!decision) throw new AppError('not_found', `There is no decision ${id}`);
    if (
      decision.state !== 'active' &&
      decision.state !== 'simulated' &&
      decision.state !== 'pending'
    )
      throw new AppError(
        'conflict',
        `Cannot unblock ${decision.ip}: the decision is ${decision.state}`,
      );
    if (!decision.simulated) await enforcement?.unblock(decision.ip);
    const removed = await this.#update(id, { state: 'removed', detail: `by ${by}` });
    onChange(removed);
    return removed;
  }

  /**
   * After a start, ours or the enforcer's: what should be blocked is, and what has run out is marked.
   * Without a firewall that works everything else runs.
   */
  async restore(): Promise<void> {
    const { db, enforcement, log, onChange } = this.#options;
    await this.expire();
    if (!enforcement) return;
    const now = Date.now();
    const active = (await activeDecisions(db, new Date())).filter(({ simulated }) => !simulated);
    try {
      await enforcement.protect(await this.#protectedNetworks());
      await enforcement.restore(
        active.map(({ ip, expires_at }) => ({
          ip,
          remainingSeconds:
            expires_at === null
              ? null
              : Math.max(1, Math.ceil((Date.parse(expires_at) - now) / 1000)),
        })),
      );
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      log.error({ err: error, blocks: active.length }, 'blocks were not restored');
      return;
    }
    for (const { id, state } of active)
      if (state === 'pending') onChange(await this.#update(id, { state: 'active', detail: null }));
  }

  /** What workers have decided, and nobody has carried out yet. */
  async carryOutPending(): Promise<void> {
    const active = await activeDecisions(this.#options.db, new Date());
    if (active.some(({ state }) => state === 'pending')) await this.restore();
  }

  /** Marks decisions whose time is over. The firewall let them go by itself. */
  async expire(): Promise<void> {
    const { db, onChange } = this.#options;
    for (const decision of await expireDecisions(db, new Date())) onChange(decision);
  }

  /** Resolves when every decision asked for so far was made. */
  async idle(): Promise<void> {
    await this.#asked;
    await this.#turn;
  }

  /** Lifts blocks on what was put on the never-block list after them. */
  async liftProtected(): Promise<void> {
    const { db, enforcement, onChange } = this.#options;
    const networks = await this.#protectedNetworks();
    const neverBlock = new NeverBlockList(networks);
    const standing = await activeDecisions(db, new Date());
    const wrong = standing.filter(({ ip }) => neverBlock.isProtected(ip));
    if (wrong.some(({ simulated }) => !simulated)) await enforcement?.protect(networks);
    for (const { id, ip } of wrong)
      onChange(await this.#update(id, { state: 'removed', detail: neverBlock.reasonFor(ip) }));
  }

  #decideInTurn(wish: Wish): Promise<Decision> {
    const mine = this.#turn.then(() => this.#decide(wish));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async #decide({ address, reason, alertId, seconds, by, isReal, atMs }: Wish): Promise<Decision> {
    const { db, onChange } = this.#options;
    const ip = canonicalAddress(address);
    if (ip === null)
      throw new AppError('invalid_request', `Cannot block ${address}: it is not an IP address`);
    const networks = await this.#protectedNetworks();
    const why = new NeverBlockList(networks).reasonFor(ip);
    if (why !== null) throw new AppError('protected_address', `Cannot block ${ip}: ${why}`);
    const policy = await readPolicy(db);
    // What was seen long ago (a spool's backlog, an old capture) is blocked for what is left of its time.
    const ageSeconds = atMs === undefined ? 0 : Math.max(0, (Date.now() - atMs) / 1000);
    const left = (seconds ?? policy.block_seconds) - Math.floor(ageSeconds);
    const simulated = !policy.armed || !isReal || left <= 0;
    const duration = left > 0 ? left : policy.block_seconds;
    const standing = (await activeDecisions(db, new Date())).filter(
      (other) => other.ip === ip && other.simulated === simulated,
    );
    // The analysis asks once per alert; a second alert on the same source changes nothing.
    if (standing[0] && by === ANALYSIS) return standing[0];
    const decision: Decision = {
      id: randomUUID(),
      action: 'BLOCK',
      ip,
      reason: reason.slice(0, 500),
      alert_id: alertId,
      simulated,
      state: simulated ? 'simulated' : 'pending',
      detail: null,
      created_at: new Date().toISOString(),
      expires_at: new Date(Date.now() + duration * 1000).toISOString(),
      created_by: by,
    };
    await insertDecision(db, decision);
    const done = simulated ? decision : await this.#carryOut(decision, duration, networks);
    onChange(done);
    if (done.state === 'refused') return done;
    // The firewall knows one time for an address: the new decision's.
    for (const { id } of standing)
      onChange(await this.#update(id, { state: 'removed', detail: `replaced by ${done.id}` }));
    return done;
  }

  async #carryOut(
    decision: Decision,
    seconds: number,
    networks: readonly NeverBlockNetwork[],
  ): Promise<Decision> {
    const { enforcement, enforcementReason, isElsewhere } = this.#options;
    if (isElsewhere) return decision;
    try {
      if (!enforcement)
        throw new AppError('firewall_unavailable', enforcementReason ?? 'there is no enforcer');
      await enforcement.protect(networks);
      await enforcement.block(decision.ip, seconds);
      return await this.#update(decision.id, { state: 'active', detail: null });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // The analysis asks only once: the decision waits for the enforcer, which is being started again.
      const waits =
        enforcement && error.code === 'firewall_unavailable' && decision.created_by === ANALYSIS;
      const state = waits ? 'pending' : 'refused';
      return await this.#update(decision.id, { state, detail: error.message });
    }
  }

  async #update(
    id: string,
    change: { state: Decision['state']; detail: string | null },
  ): Promise<Decision> {
    const updated = await updateDecision(this.#options.db, id, change);
    if (!updated) throw new AppError('not_found', `There is no decision ${id}`);
    return updated;
  }

  async #protectedNetworks(): Promise<NeverBlockNetwork[]> {
    const listed = await listProtected(this.#options.db);
    return listed.map(({ cidr, reason }) => ({ cidr, reason }));
  }
}
