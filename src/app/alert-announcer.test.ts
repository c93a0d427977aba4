import { expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { alertOf, trafficBatch } from '../../test/support/traffic.ts';
import type { Alert } from '../contract/alert.ts';
import { AppError } from '../errors.ts';
import { actOnAlerts } from '../store/alert-actions.ts';
import type { Database } from '../store/database.ts';
import { ingest } from '../store/ingest.ts';
import { addSuppression } from '../store/suppressions.ts';
import { AlertAnnouncer } from './alert-announcer.ts';
import { createLog } from './log.ts';

function announcerOn(db: Database) {
  const told: Alert[] = [];
  const tell = (alert: Alert) => told.push(alert);
  return { told, announcer: new AlertAnnouncer({ db, log: createLog('silent'), tell }) };
}

it('tells of no suppressed alert, and of others with what people said of them', () =>
  withDatabase(async (db) => {
    const { told, announcer } = announcerOn(db);
    const alerts = [alertOf({ id: 'a' }), alertOf({ id: 'b', source_ip: '10.0.0.5' })];
    const batch = trafficBatch({ packets: 1, startMicros: 1e15 });
    await addSuppression(db, { source: '10.0.0.5', reason: 'ours', duration_s: 60 }, 'ada');
    await ingest(db, { ...batch, alerts });
    await actOnAlerts(db, { ids: ['a'], status: 'acknowledged' }, 'ada');
    announcer.announce(alerts);
    await announcer.idle();
    expect(told).toMatchObject([{ id: 'a', status: 'acknowledged' }]);
  }));

it('goes on after a failure of the database, and counts what was not told', () =>
  withDatabase(async (db) => {
    let isDown = true;
    const query: Database['query'] = (sql, values) => {
      if (isDown) throw new AppError('database_unavailable', 'gone for a moment');
      return db.query(sql, values);
    };
    const { told, announcer } = announcerOn({ ...db, query });
    const alerts = [alertOf({ id: 'a' })];
    await ingest(db, { ...trafficBatch({ packets: 1, startMicros: 1e15 }), alerts });
    announcer.announce(alerts);
    await announcer.idle();
    isDown = false;
    announcer.announce(alerts);
    await announcer.idle();
    expect([told.length, announcer.dropped]).toEqual([1, 1]);
  }));
