import { describe, expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import type { LiveEvent } from '../contract/api.ts';
import type { LureEvent } from '../contract/lure.ts';
import { AppError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { createLog } from './log.ts';
import { LureIntake } from './lure-intake.ts';

const event = (id: string): LureEvent => ({
  id,
  session_id: 'a',
  at: '2026-11-21T10:00:00.000Z',
  service: 'ftp',
  source_ip: '198.51.100.9',
  source_port: 40_000,
  local_port: 2121,
  kind: 'connect',
  username: null,
  password: null,
  text: null,
  bytes: null,
  sha256: null,
});

/** The database, which cannot be reached the first `times` times that something is to be written. */
function failing(db: Database, times: number): Database {
  let left = times;
  return {
    ...db,
    transaction: (body) => {
      if (left-- > 0) throw new AppError('database_unavailable', 'gone for a moment');
      return db.transaction(body);
    },
  };
}

async function intakeOn(db: Database) {
  const published: LiveEvent[] = [];
  const intake = await LureIntake.open({
    db,
    sensorId: 's',
    policy: { alert_threshold: 0.5, block_threshold: 0.8 },
    isProtected: () => false,
    publish: (told) => published.push(told),
    announce: (data) => published.push({ type: 'alert', data }),
    block: async () => {},
    log: createLog('silent'),
  });
  return { intake, published };
}

const storedIn = (db: Database) => db.query('SELECT id FROM lure_events ORDER BY id');

describe('LureIntake', () => {
  it('keeps events while the database cannot be reached', () =>
    withDatabase(async (db) => {
      const { intake, published } = await intakeOn(failing(db, 1));
      intake.take(event('1'));
      intake.take(event('2'));
      await expect.poll(() => published.length, { timeout: 10_000 }).toBe(4);
      expect(await storedIn(db)).toEqual([{ id: '1' }, { id: '2' }]);
      await intake.stop();
      expect(intake.dropped).toBe(0);
    }));

  it('ends without a database too, and says what was lost', () =>
    withDatabase(async (db) => {
      const { intake } = await intakeOn(failing(db, Number.POSITIVE_INFINITY));
      intake.take(event('1'));
      await intake.stop();
      expect(intake.dropped).toBe(1);
    }));
});
