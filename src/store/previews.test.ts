import { describe, expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { alertOf, trafficBatch } from '../../test/support/traffic.ts';
import type { Alert } from '../contract/alert.ts';
import type { ChangePreview } from '../contract/preview.ts';
import { listAlerts } from './alerts.ts';
import type { Database } from './database.ts';
import { ingest } from './ingest.ts';
import { readPolicy, writePolicy } from './policy.ts';
import { previewPolicy, previewSuppression } from './previews.ts';
import { addProtected } from './protected.ts';
import { thinQuietAlerts } from './quiet-alerts.ts';
import { addSuppression } from './suppressions.ts';

type Some = Partial<Alert> & { id: string };

/** As the analysis would have made them under the default policy; what is below it is quiet. */
async function fill(db: Database, alerts: readonly Some[], quiet: readonly Some[] = []) {
  await ingest(db, {
    ...trafficBatch({ packets: 1, startMicros: Date.now() * 1000 }),
    alerts: alerts.map((alert) => alertOf({ proven_confidence: 0, ...alert })),
    quiet: quiet.map((alert) => alertOf({ proven_confidence: 0, ...alert, decision: 'ALLOW' })),
  });
}

const idsOf = ({ hidden, raised, blocked, unblocked }: ChangePreview) => ({
  hidden: hidden.examples.map(({ id }) => id).sort(),
  raised: raised.examples.map(({ id }) => id).sort(),
  blocked: blocked.examples.map(({ id }) => id).sort(),
  unblocked: unblocked.examples.map(({ id }) => id).sort(),
});
const NOTHING = { hidden: [], raised: [], blocked: [], unblocked: [] };

describe('the preview of a suppression', () => {
  const criteria = { source: '198.51.100.0/24', alert_type: 'Port_Scan' } as const;

  it('says what would have been hidden and not blocked, and that is what it then hides', () =>
    withDatabase(async (db) => {
      await fill(db, [
        { id: 'blocked', confidence: 0.9, proven_confidence: 0.9, decision: 'BLOCK' },
        { id: 'seen', source_ip: '198.51.100.8' },
        { id: 'other kind', alert_type: 'Brute_Force' },
        { id: 'other source', source_ip: '203.0.113.1', decision: 'BLOCK' },
      ]);
      const preview = await previewSuppression(db, criteria, 7);
      expect(idsOf(preview)).toEqual({
        ...NOTHING,
        hidden: ['blocked', 'seen'],
        unblocked: ['blocked'],
      });
      expect(preview.hidden).toMatchObject({
        count: 2,
        sources: 2,
        by_type: [{ alert_type: 'Port_Scan', count: 2 }],
      });
      expect((await listAlerts(db, { limit: 10 })).alerts).toHaveLength(4);
      await addSuppression(db, { ...criteria, reason: 'x', duration_s: 60 }, 'ada');
      const { alerts } = await listAlerts(db, { limit: 10, suppressed: 'only' });
      expect(alerts.map(({ id }) => id).sort()).toEqual(['blocked', 'seen']);
    }));

  it('counts what is hidden already apart', () =>
    withDatabase(async (db) => {
      await fill(db, [{ id: 'a' }, { id: 'b', source_ip: '198.51.100.8' }]);
      await addSuppression(db, { source: '198.51.100.8', reason: 'x', duration_s: 60 }, 'ada');
      const preview = await previewSuppression(db, criteria, 7);
      expect(idsOf(preview)).toEqual({ ...NOTHING, hidden: ['a'] });
      expect(preview.notes).toContain('1 more are hidden by another suppression already');
    }));

  it('looks back as far as it says and no further', () =>
    withDatabase(async (db) => {
      await fill(db, [{ id: 'a', last_seen: 1000 }]);
      await db.query("UPDATE detected_alerts SET created_at = now() - interval '8 days'");
      expect((await previewSuppression(db, criteria, 7)).hidden.count).toBe(0);
      expect((await previewSuppression(db, criteria, 9)).hidden.count).toBe(1);
    }));

  it('shows ten examples, the newest, and counts all', () =>
    withDatabase(async (db) => {
      await fill(
        db,
        Array.from({ length: 40 }, (_, index) => ({ id: `a${index}`, last_seen: index })),
      );
      const { hidden } = await previewSuppression(db, criteria, 7);
      expect([hidden.count, hidden.examples.map(({ last_seen }) => last_seen)]).toEqual([
        40,
        [39, 38, 37, 36, 35, 34, 33, 32, 31, 30],
      ]);
    }));
});

describe('the preview of a policy', () => {
  const sure = { confidence: 0.9, proven_confidence: 0.85, decision: 'BLOCK' } as const;
  const likely = { confidence: 0.75, proven_confidence: 0.75 };
  const forged = { confidence: 0.95, proven_confidence: 0 };

  it('that changes nothing says so', () =>
    withDatabase(async (db) => {
      await fill(
        db,
        [
          { id: 'sure', ...sure },
          { id: 'forged', ...forged },
        ],
        [{ id: 'quiet', confidence: 0.3 }],
      );
      const preview = await previewPolicy(db, {}, 7);
      expect(idsOf(preview)).toEqual(NOTHING);
    }));

  it('with other thresholds says what would be hidden, raised, blocked, and not blocked', () =>
    withDatabase(async (db) => {
      await fill(
        db,
        [
          { id: 'sure', ...sure },
          { id: 'likely', ...likely },
          { id: 'forged', ...forged },
          { id: 'unusual', alert_type: 'Anomaly', confidence: 0.9, proven_confidence: 0.9 },
        ],
        [{ id: 'quiet', confidence: 0.3 }],
      );
      const under = async (alert_threshold: number, block_threshold: number) =>
        idsOf(await previewPolicy(db, { alert_threshold, block_threshold }, 7));
      expect(await under(0.5, 0.7)).toEqual({ ...NOTHING, blocked: ['likely'] });
      expect(await under(0.5, 0.9)).toEqual({ ...NOTHING, unblocked: ['sure'] });
      expect(await under(0.8, 0.8)).toEqual({ ...NOTHING, hidden: ['likely'] });
      expect(await under(0.2, 0.8)).toEqual({ ...NOTHING, raised: ['quiet'] });
      expect(await under(0.2, 0.2)).toEqual({ ...NOTHING, raised: ['quiet'], blocked: ['likely'] });
      await expect(under(0.8, 0.5)).rejects.toMatchObject({ code: 'invalid_request' });
    }));

  it('blocks nobody on the never-block list, and counts nothing that is suppressed', () =>
    withDatabase(async (db) => {
      await fill(db, [
        { id: 'likely', ...likely },
        { id: 'ours', ...likely, source_ip: '192.0.2.7' },
        { id: 'silenced', ...likely, source_ip: '203.0.113.7' },
      ]);
      await addProtected(db, { cidr: '192.0.2.0/24', reason: 'office' });
      await addSuppression(db, { source: '203.0.113.7', reason: 'x', duration_s: 60 }, 'ada');
      const preview = await previewPolicy(db, { block_threshold: 0.6 }, 7);
      expect(idsOf(preview)).toEqual({ ...NOTHING, blocked: ['likely'] });
    }));

  it('does not count as quiet what has become an alert', () =>
    withDatabase(async (db) => {
      await fill(db, [{ id: 'a', confidence: 0.6 }], [{ id: 'a', confidence: 0.4 }]);
      expect(idsOf(await previewPolicy(db, { alert_threshold: 0.3 }, 7))).toEqual(NOTHING);
    }));

  it('finds what stayed quiet for as long as previews look back, and no longer', () =>
    withDatabase(async (db) => {
      await fill(
        db,
        [],
        [
          { id: 'old', confidence: 0.4 },
          { id: 'new', confidence: 0.4 },
        ],
      );
      await db.query(
        "UPDATE quiet_alerts SET created_at = now() - interval '31 days' WHERE id = 'old'",
      );
      await thinQuietAlerts(db, new Date());
      expect(await db.query('SELECT id FROM quiet_alerts')).toEqual([{ id: 'new' }]);
    }));

  it('begins from the policy in force, and says what it does not know', () =>
    withDatabase(async (db) => {
      await writePolicy(db, { ...(await readPolicy(db)), alert_threshold: 0.8 });
      await fill(db, [{ id: 'older', confidence: 0.7, decision: 'ALERT' }]);
      await db.query('UPDATE detected_alerts SET proven_confidence = NULL');
      const preview = await previewPolicy(db, { alert_threshold: 0.5, block_threshold: 0.6 }, 7);
      expect(idsOf(preview)).toEqual({ ...NOTHING, raised: ['older'] });
      expect(preview.notes.join()).toContain('1 alerts are of an older version');
    }));
});
