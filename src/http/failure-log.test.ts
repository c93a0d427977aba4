import { expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { FailureLog } from './failure-log.ts';

it('says the same failure once a minute, and how often it came meanwhile', () => {
  const said: object[] = [];
  const log = new FailureLog({ warn: (fields: object) => said.push(fields) });
  const full = new AppError('database_unavailable', 'The database has no room');
  for (const ms of [0, 10, 59_000]) log.note(full, '/ingest_packets', ms);
  log.note(new AppError('database_unavailable', 'It has gone'), '/ingest_packets', 59_500);
  for (const ms of [60_000, 60_010]) log.note(full, '/ingest_packets', ms);
  expect(said).toMatchObject([
    { err: { message: 'The database has no room' } },
    { err: { message: 'It has gone' } },
    { err: { message: 'The database has no room' }, repeated: 2 },
  ]);
  expect(said).toHaveLength(3);
});
