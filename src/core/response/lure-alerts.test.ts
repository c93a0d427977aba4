import { describe, expect, it } from 'vitest';
import { Alert } from '../../contract/alert.ts';
import type { LureEvent } from '../../contract/lure.ts';
import { LureAlerts, type LureAlertsOptions } from './lure-alerts.ts';

const OPTIONS: LureAlertsOptions = {
  sensorId: 'lures',
  policy: { alert_threshold: 0.5, block_threshold: 0.8 },
  isProtected: (ip) => ip === '192.0.2.1',
};

describe('LureAlerts', () => {
  it('makes of a contact an alert on the visitor', () => {
    const alert = new LureAlerts(OPTIONS).observe(event({}));
    expect(Alert.parse(alert)).toMatchObject({
      id: 'lure-ssh-203.0.113.9-2026-11-21',
      alert_type: 'Honeypot_Contact',
      severity: 'Medium',
      source_ip: '203.0.113.9',
      destination_port: 2222,
      confidence: 0.9,
      decision: 'BLOCK',
      mitre: ['T1595'],
      flow_count: 1,
      first_seen: Date.UTC(2026, 10, 21, 8) / 1000,
    });
  });

  it('grows one alert, which becomes a login when one is accepted', () => {
    const alerts = new LureAlerts(OPTIONS);
    const seen = [
      event({}),
      event({ kind: 'login', username: 'root', text: 'rejected password', at: at(1) }),
      event({ kind: 'login', username: 'root', text: 'accepted password', at: at(2) }),
      event({ kind: 'command', text: 'accepted', at: at(3) }),
      event({ kind: 'upload', bytes: 7, text: 'x', at: at(4) }),
    ].map((each) => alerts.observe(each));
    expect(new Set(seen.map((alert) => alert?.id)).size).toBe(1);
    expect(seen.map((alert) => alert?.alert_type)).toEqual([
      'Honeypot_Contact',
      'Honeypot_Contact',
      'Honeypot_Login',
      'Honeypot_Login',
      'Honeypot_Login',
    ]);
    const last = Alert.parse(seen.at(-1));
    expect(last).toMatchObject({ severity: 'High', mitre: ['T1078'], byte_count: 7 });
    expect(last.evidence[0]?.numbers).toMatchObject({ login_attempts: 2, commands: 1, uploads: 1 });
    expect(last.evidence[1]?.numbers).toMatchObject({ username: 'root', accepted_logins: 1 });
    expect(last.last_seen - last.first_seen).toBe(4);
    expect(last.detected_at).toBe(last.first_seen);
  });

  it('keeps services, sources and days apart', () => {
    const alerts = new LureAlerts(OPTIONS);
    const ids = [
      event({}),
      event({ service: 'ftp', local_port: 2121 }),
      event({ source_ip: '2001:db8::9' }),
      event({ at: '2026-11-22T00:00:00.000Z' }),
    ].map((each) => alerts.observe(each)?.id);
    expect(new Set(ids).size).toBe(4);
  });

  it('asks for no block of a protected address', () => {
    expect(new LureAlerts(OPTIONS).observe(event({ source_ip: '192.0.2.1' }))?.decision).toBe(
      'ALERT',
    );
  });

  it('goes on after a restart as if there had been none', () => {
    const events = [
      event({}),
      event({ kind: 'login', username: 'root', text: 'accepted password', at: at(2) }),
      event({ kind: 'upload', bytes: 7, text: 'x', at: at(4) }),
      event({ at: at(5) }),
    ];
    const [lasting, before, after] = [0, 1, 2].map(() => new LureAlerts(OPTIONS));
    const expected = events.map((each) => lasting!.observe(each)).at(-1);
    const stored = events
      .slice(0, 2)
      .map((each) => before!.observe(each))
      .at(-1);
    after!.resume(stored!);
    expect(
      events
        .slice(2)
        .map((each) => after!.observe(each))
        .at(-1),
    ).toEqual(expected);
  });

  it('says nothing of a close', () => {
    const alerts = new LureAlerts(OPTIONS);
    expect(alerts.observe(event({ kind: 'close' }))).toBeNull();
    alerts.observe(event({}));
    expect(alerts.observe(event({ kind: 'close', at: at(9) }))).toBeNull();
  });

  it('remembers no more visitors than allowed, and forgets the quietest first', () => {
    const alerts = new LureAlerts({ ...OPTIONS, maxVisitors: 2 });
    alerts.observe(event({ source_ip: '203.0.113.1' }));
    alerts.observe(event({ source_ip: '203.0.113.2' }));
    alerts.observe(event({ source_ip: '203.0.113.1' }));
    alerts.observe(event({ source_ip: '203.0.113.3' }));
    expect([alerts.size, alerts.evicted]).toEqual([2, 1]);
    expect(alerts.observe(event({ source_ip: '203.0.113.1' }))?.flow_count).toBe(3);
    expect(alerts.observe(event({ source_ip: '203.0.113.2' }))?.flow_count).toBe(1);
  });
});

function at(second: number): string {
  return `2026-11-21T08:00:0${second}.000Z`;
}

function event(changes: Partial<LureEvent>): LureEvent {
  return {
    id: 'e',
    session_id: 's',
    at: at(0),
    service: 'ssh',
    source_ip: '203.0.113.9',
    source_port: 50_000,
    local_port: 2222,
    kind: 'connect',
    username: null,
    password: null,
    text: null,
    bytes: null,
    sha256: null,
    ...changes,
  };
}
