import { describe, expect, it } from 'vitest';
import { AppEvent } from '../../../contract/packet-batch.ts';
import { alertsOf, conversation, type Hand } from '../detections.suite.ts';

const SOURCE = '198.51.100.9';
const TARGET = '192.0.2.1';
const PORT = 7_777;

const WORDS = {
  http: AppEvent.HTTP_REQUEST | AppEvent.HTTP_HEADERS_END,
  tls: AppEvent.TLS_CLIENT_HELLO,
  ssh: AppEvent.SSH_BANNER,
  ftp: AppEvent.FTP_COMMAND,
  smtp: AppEvent.SMTP_COMMAND,
};

/** A conversation of each, one after the other. */
function talks(names: readonly (keyof typeof WORDS)[], every: number, source = SOURCE): Hand[] {
  return names.flatMap((name, i) =>
    conversation(100 + every * i, source, TARGET, PORT, 41_000 + i, { events: WORDS[name] }),
  );
}

describe('Port_Scan of what listens behind a port', () => {
  it('is one protocol after the other', () => {
    const [alert, ...more] = alertsOf(talks(['http', 'tls', 'ssh', 'ftp', 'smtp'], 5));
    expect(more).toEqual([]);
    expect(alert).toMatchObject({
      ...{ alert_type: 'Port_Scan', source_ip: SOURCE, destination_ip: TARGET },
      ...{ destination_port: PORT, decision: 'ALERT' },
    });
  });

  it('is not one who uses a port that a multiplexer shares', () => {
    expect(alertsOf(talks(['tls', 'http', 'ssh', 'tls', 'ssh', 'http', 'tls'], 3))).toEqual([]);
  });

  it('is not a port whose purpose changes over the day', () => {
    expect(alertsOf(talks(['http', 'tls', 'ssh', 'ftp', 'smtp'], 1_800))).toEqual([]);
  });

  it('is not several users who each speak another', () => {
    const users = (['http', 'tls', 'ssh', 'ftp'] as const).map((name, i) =>
      talks([name, name], 5, `198.51.100.${20 + i}`),
    );
    expect(alertsOf(users.flat())).toEqual([]);
  });
});
