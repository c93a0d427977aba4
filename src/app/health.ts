/** What `/health` says: one word, and a line for each thing that is not as it should be. */
import type { Health } from '../contract/api.ts';
import type { Database } from '../store/database.ts';
import { answerInTime } from './answer-in-time.ts';

export interface HealthParts {
  readonly db: Database;
  readonly version: string;
  readonly isModelLoaded: boolean;
  readonly modelReason: string | null;
  readonly enforcerReason: string | null;
  isArmed(): Promise<boolean>;
  capture(): { state: Health['capture']; reason: string | null };
  /** What else went wrong and still is. */
  troubles(): string[] | Promise<string[]>;
}

export async function readHealth(parts: HealthParts): Promise<Health> {
  const capture = parts.capture();
  const troubles = (await answerInTime(Promise.resolve(parts.troubles()))) ?? [];
  const reasons = [parts.modelReason, capture.reason, ...troubles].filter(
    (reason) => reason !== null,
  );
  const armed = await answerInTime(parts.isArmed());
  if (armed === null) reasons.push('the database does not answer');
  if (armed && parts.enforcerReason)
    reasons.push(`blocks are not carried out: ${parts.enforcerReason}`);
  return {
    status: armed === null ? 'down' : reasons.length > 0 ? 'degraded' : 'ok',
    model_loaded: parts.isModelLoaded,
    timestamp: new Date().toISOString(),
    version: parts.version,
    database: armed === null ? 'down' : 'ok',
    capture: capture.state,
    enforcer: !armed ? 'simulated' : parts.enforcerReason ? 'unavailable' : 'armed',
    reasons,
  };
}
