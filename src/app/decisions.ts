/**
 * Decisions made, carried out and taken back: the one place where a block begins. Simulated until a
 * person arms the policy; never against a protected address; the enforcer checks that again by itself.
 */
import { randomUUID } from 'node:crypto';
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
  insertDecision,
  updateDecision,
} from '../store/decisions.ts';
import { readPolicy } from '../store/policy.ts';
import { listProtected } from '../store/protected.ts';
import type { Log } from './log.ts';

export interface DecisionsOptions {
  readonly db: Database;
  /** Null: there is no firewall to change here, and why is in `enforcementReason`. */
  readonly enforcement: Enforcement | null;
  readonly enforcementReason: string | null;
  readonly log: Log;
  readonly onChange: (decision: Decision) => void;
}

export class Decisions {
  readonly #options: DecisionsOptions;

  constructor(options: DecisionsOptions) {
    this.#options = options;
  }

  /** @throws AppError protected_address, invalid_request, firewall_unavailable */
  async block(order: BlockOrder, by: string): Promise<Decision> {
    const decision = await this.#decide(
      order.ip,
      order.reason ?? 'by hand',
      null,
      order.duration_s ?? null,
      by,
    );
    if (decision.state === 'refused')
      throw new AppError('firewall_unavailable', decision.detail ?? 'refused');
    return decision;
  }

  /** What an alert asks for. Never throws: what goes wrong stands in the decision and in the log. */
  async blockFor(request: BlockRequest): Promise<void> {
    const { log } = this.#options;
    try {
      const decision = await this.#decide(
        request.ip,
        request.reason,
        request.alertId,
        null,
        'analysis',
      );
      log.info({ ip: request.ip, alert: request.alertId, state: decision.state }, 'decision BLOCK');
    } catch (error) {
      log.warn({ ip: request.ip, alert: request.alertId, err: error }, 'block was not made');
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

  /** After a restart: what should be blocked is, and what has run out is marked. */
  async restore(): Promise<void> {
    const { db, enforcement } = this.#options;
    await this.expire();
    if (!enforcement) return;
    await enforcement.protect(await this.#protectedNetworks());
    const now = Date.now();
    const active = (await activeDecisions(db, new Date())).filter(({ simulated }) => !simulated);
    await enforcement.restore(
      active.map(({ ip, expires_at }) => ({
        ip,
        remainingSeconds:
          expires_at === null
            ? null
            : Math.max(1, Math.ceil((Date.parse(expires_at) - now) / 1000)),
      })),
    );
  }

  /** Marks decisions whose time is over. The firewall let them go by itself. */
  async expire(): Promise<void> {
    const { db, onChange } = this.#options;
    for (const decision of await expireDecisions(db, new Date())) onChange(decision);
  }

  async #decide(
    address: string,
    reason: string,
    alertId: string | null,
    seconds: number | null,
    by: string,
  ): Promise<Decision> {
    const { db, enforcement, onChange } = this.#options;
    const ip = canonicalAddress(address);
    if (ip === null)
      throw new AppError('invalid_request', `Cannot block ${address}: it is not an IP address`);
    const networks = await this.#protectedNetworks();
    const why = new NeverBlockList(networks).reasonFor(ip);
    if (why !== null) throw new AppError('protected_address', `Cannot block ${ip}: ${why}`);
    const policy = await readPolicy(db);
    const standing = (await activeDecisions(db, new Date())).find(
      (other) => other.ip === ip && other.simulated === !policy.armed,
    );
    // The analysis asks once per alert; a second alert on the same source changes nothing.
    if (standing && by === 'analysis') return standing;
    const duration = seconds ?? policy.block_seconds;
    const decision: Decision = {
      id: randomUUID(),
      action: 'BLOCK',
      ip,
      reason: reason.slice(0, 500),
      alert_id: alertId,
      simulated: !policy.armed,
      state: policy.armed ? 'pending' : 'simulated',
      detail: null,
      created_at: new Date().toISOString(),
      expires_at: new Date(Date.now() + duration * 1000).toISOString(),
      created_by: by,
    };
    await insertDecision(db, decision);
    const done = policy.armed
      ? await this.#carryOut(decision, duration, enforcement, networks)
      : decision;
    onChange(done);
    return done;
  }

  async #carryOut(
    decision: Decision,
    seconds: number,
    enforcement: Enforcement | null,
    networks: readonly NeverBlockNetwork[],
  ): Promise<Decision> {
    const { enforcementReason } = this.#options;
    try {
      if (!enforcement)
        throw new AppError('firewall_unavailable', enforcementReason ?? 'there is no enforcer');
      await enforcement.protect(networks);
      await enforcement.block(decision.ip, seconds);
      return await this.#update(decision.id, { state: 'active', detail: null });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return await this.#update(decision.id, { state: 'refused', detail: error.message });
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
