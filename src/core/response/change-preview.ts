/**
 * Compares two ways to treat the same alerts: what one shows and the other does not, whom one blocks and the other
 * does not. Both ways are the functions that treat alerts in earnest.
 */
import type { Alert, Verdict } from '../../contract/alert.ts';
import type { AlertKind } from '../../contract/alert-kinds.ts';
import {
  type ChangePreview,
  MAX_PREVIEW_EXAMPLES,
  type PreviewGroup,
} from '../../contract/preview.ts';

/** What previews show of an alert. */
export type PreviewedAlert = PreviewGroup['examples'][number] & Pick<Alert, 'sensor_id'>;

export interface Treatment<Subject> {
  verdictOf(alert: Subject): Verdict;
  isHidden(alert: Subject): boolean;
}

/** @param alerts newest first, which the examples are taken by */
export function compareTreatments<Subject extends PreviewedAlert>(
  alerts: readonly Subject[],
  now: Treatment<Subject>,
  then: Treatment<Subject>,
): Pick<ChangePreview, 'hidden' | 'raised' | 'blocked' | 'unblocked'> {
  const hidden = new Group();
  const raised = new Group();
  const blocked = new Group();
  const unblocked = new Group();
  for (const alert of alerts) {
    const [before, after] = [fateOf(alert, now), fateOf(alert, then)];
    if (before.isSeen && !after.isSeen) hidden.add(alert);
    if (!before.isSeen && after.isSeen) raised.add(alert);
    if (!before.isBlocked && after.isBlocked) blocked.add(alert);
    if (before.isBlocked && !after.isBlocked) unblocked.add(alert);
  }
  return {
    hidden: hidden.result(),
    raised: raised.result(),
    blocked: blocked.result(),
    unblocked: unblocked.result(),
  };
}

function fateOf<Subject>(alert: Subject, treatment: Treatment<Subject>) {
  const verdict = treatment.verdictOf(alert);
  const isSeen = verdict !== 'ALLOW' && !treatment.isHidden(alert);
  return { isSeen, isBlocked: isSeen && verdict === 'BLOCK' };
}

class Group {
  #count = 0;
  readonly #sources = new Set<string>();
  readonly #byType = new Map<AlertKind, number>();
  readonly #examples: PreviewGroup['examples'] = [];

  add(alert: PreviewedAlert): void {
    this.#count++;
    if (alert.source_ip !== null) this.#sources.add(alert.source_ip);
    this.#byType.set(alert.alert_type, (this.#byType.get(alert.alert_type) ?? 0) + 1);
    if (this.#examples.length < MAX_PREVIEW_EXAMPLES) this.#examples.push(exampleOf(alert));
  }

  result(): PreviewGroup {
    const byType = [...this.#byType].map(([alert_type, count]) => ({ alert_type, count }));
    return {
      count: this.#count,
      sources: this.#sources.size,
      by_type: byType.sort((a, b) => b.count - a.count),
      examples: this.#examples,
    };
  }
}

function exampleOf(alert: PreviewedAlert): PreviewGroup['examples'][number] {
  const { id, alert_type, severity, source_ip, destination_ip, destination_port } = alert;
  const { confidence, description, last_seen } = alert;
  return {
    ...{ id, alert_type, severity, source_ip, destination_ip, destination_port },
    ...{ confidence, description, last_seen },
  };
}
