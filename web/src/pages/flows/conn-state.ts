/** Zeek's connection states in words. */
import type { ConnState } from '../../../../src/contract/flow.ts';

export const CONN_STATE_MEANINGS: Readonly<Record<ConnState, string>> = {
  S0: 'attempt, no reply',
  S1: 'established, not ended',
  SF: 'normal',
  REJ: 'rejected',
  S2: 'originator closed',
  S3: 'responder closed',
  RSTO: 'originator aborted',
  RSTR: 'responder aborted',
  RSTOS0: 'SYN then RST',
  RSTRH: 'SYN-ACK then RST',
  SH: 'SYN then FIN',
  SHR: 'SYN-ACK then FIN',
  OTH: 'seen midstream',
};

/** Null for a state that is not Zeek's. */
export function connStateMeaning(state: string): string | null {
  return (CONN_STATE_MEANINGS as Readonly<Record<string, string>>)[state] ?? null;
}
