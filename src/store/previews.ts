/** Counterfactual previews: a change is first run over what the database has of the last days. */
import type { Verdict } from '../contract/alert.ts';
import type { Policy } from '../contract/api.ts';
import type { ChangePreview } from '../contract/preview.ts';
import type { Criteria } from '../contract/suppression.ts';
import { compareTreatments } from '../core/response/change-preview.ts';
import { NeverBlockList } from '../core/response/never-block.ts';
import { decide, type Thresholds } from '../core/response/policy.ts';
import { Suppressor } from '../core/response/suppression.ts';
import { AppError } from '../errors.ts';
import type { Queryable } from './database.ts';
import { readPolicy } from './policy.ts';
import { listProtected } from './protected.ts';
import { type StoredAlert, storedAlerts, storedQuietAlerts } from './stored-alerts.ts';
import { ruleOf } from './suppression-rule.ts';

/** @throws AppError `invalid_request` for a network that is too wide */
export async function previewSuppression(
  db: Queryable,
  criteria: Criteria,
  days: number,
): Promise<ChangePreview> {
  const rule = ruleOf('preview', criteria);
  const suppressor = new Suppressor([rule]);
  const { alerts, isCut } = await storedAlerts(db, { days, rule });
  const now = {
    verdictOf: ({ decision }: StoredAlert) => decision,
    isHidden: ({ isHidden }: StoredAlert) => isHidden,
  };
  const then = {
    ...now,
    isHidden: (alert: StoredAlert) => alert.isHidden || suppressor.match(alert) !== null,
  };
  const fitting = alerts.filter((alert) => suppressor.match(alert) !== null);
  const elsewhere = fitting.filter(({ isHidden }) => isHidden).length;
  return {
    days,
    looked_at: alerts.length,
    is_cut: isCut,
    ...compareTreatments(fitting, now, then),
    notes: [
      ...(elsewhere > 0 ? [`${elsewhere} more are hidden by another suppression already`] : []),
      ...(await simulationNote(db)),
    ],
  };
}

/**
 * Both sides by the never-block list as it is now; suppressed alerts stay so.
 * @throws AppError `invalid_request` where the thresholds are the wrong way round
 */
export async function previewPolicy(
  db: Queryable,
  change: { [Name in keyof Thresholds]?: number | undefined },
  days: number,
): Promise<ChangePreview> {
  const policy = await readPolicy(db);
  const wanted = {
    alert_threshold: change.alert_threshold ?? policy.alert_threshold,
    block_threshold: change.block_threshold ?? policy.block_threshold,
  };
  if (wanted.block_threshold < wanted.alert_threshold)
    throw new AppError('invalid_request', 'Cannot block below the alert threshold');
  const { alerts, isCut } = await storedAlerts(db, { days });
  const quiet = await storedQuietAlerts(db, days);
  const neverBlock = new NeverBlockList(await listProtected(db));
  const under = (thresholds: Thresholds) => ({
    verdictOf: (alert: StoredAlert) => verdictOf(alert, thresholds, neverBlock),
    isHidden: ({ isHidden }: StoredAlert) => isHidden,
  });
  const all = [...alerts, ...quiet.alerts].sort((a, b) => b.last_seen - a.last_seen);
  const unknown = alerts.filter((alert) => alert.proven_confidence === null).length;
  return {
    days,
    looked_at: all.length,
    is_cut: isCut || quiet.isCut,
    ...compareTreatments(all, under(policy), under(wanted)),
    notes: [
      ...(unknown > 0
        ? [
            `${unknown} alerts are of an older version, which did not keep what was proven: they count as unproven unless they asked for a block`,
          ]
        : []),
      ...(await simulationNote(db, policy)),
    ],
  };
}

function verdictOf(
  alert: StoredAlert,
  thresholds: Thresholds,
  neverBlock: NeverBlockList,
): Verdict {
  const { confidence, source_ip: source } = alert;
  return decide(confidence, thresholds, {
    isAnomalyOnly: alert.alert_type === 'Anomaly',
    provenConfidence: alert.proven_confidence ?? (alert.decision === 'BLOCK' ? confidence : 0),
    isProtected: source === null || neverBlock.isProtected(source),
  });
}

async function simulationNote(db: Queryable, policy?: Policy): Promise<string[]> {
  const { armed } = policy ?? (await readPolicy(db));
  return armed ? [] : ['The policy is not armed: blocks are recorded, not carried out'];
}
