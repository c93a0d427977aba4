import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LiveEvent } from '../contract/api.ts';
import { type EventSink, LiveEvents } from './live-events.ts';

class Recorder implements EventSink {
  text = '';
  isEnded = false;
  waitingBytes = 0;
  write(bytes: Uint8Array): void {
    this.text += new TextDecoder().decode(bytes);
  }
  backlogBytes(): number {
    return this.waitingBytes;
  }
  end(): void {
    this.isEnded = true;
  }
  get packets(): number[] {
    return [...this.text.matchAll(/"packets":(\d+)/g)].map((match) => Number(match[1]));
  }
  get lastId(): string {
    return [...this.text.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1] ?? '';
  }
}

function traffic(packets: number): LiveEvent {
  return {
    type: 'traffic',
    data: { at: '2026-01-01T00:00:00Z', packets, malicious: 0, bytes: 0 },
  };
}

afterEach(() => vi.useRealTimers());

describe('LiveEvents', () => {
  it('tells every client, in the form of the standard', () => {
    const live = new LiveEvents();
    const clients = [new Recorder(), new Recorder()];
    for (const client of clients) live.subscribe(client);
    live.publish(traffic(7));
    for (const client of clients)
      expect(client.text).toMatch(/\n\nid: \d+\nevent: traffic\ndata: \{.*"packets":7.*\}\n\n$/);
    live.close();
    expect(clients.every((client) => client.isEnded)).toBe(true);
  });

  it('resumes after the last id, without a gap', () => {
    const live = new LiveEvents();
    const first = new Recorder();
    const leave = live.subscribe(first);
    live.publish(traffic(1));
    leave?.();
    live.publish(traffic(2));
    live.publish(traffic(3));
    const second = new Recorder();
    live.subscribe(second, first.lastId);
    expect(second.packets).toEqual([2, 3]);
    expect(second.text).not.toContain('event: gap');
    live.close();
  });

  it('says so when what was missed has left the ring', () => {
    const live = new LiveEvents({ ringEvents: 2 });
    const first = new Recorder();
    live.subscribe(first)?.();
    live.publish(traffic(1));
    const seen = new Recorder();
    live.subscribe(seen, '0');
    for (const packets of [2, 3, 4]) live.publish(traffic(packets));
    const late = new Recorder();
    live.subscribe(late, seen.text.match(/^id: (\d+)$/m)?.[1] ?? '');
    expect(late.text).toContain('event: gap');
    expect(late.packets).toEqual([3, 4]);
    live.close();
  });

  it.each(['nonsense', '-1', '99999999999999999999', '9999999999999999', ''])(
    'treats the unknown id %j as a gap',
    (id) => {
      const live = new LiveEvents();
      live.publish(traffic(1));
      const client = new Recorder();
      live.subscribe(client, id);
      expect(client.text).toContain('event: gap');
      expect(client.packets).toEqual([1]);
      live.close();
    },
  );

  it('drops and counts a client that does not read, and keeps the others', () => {
    const live = new LiveEvents({ backlogBytes: 10_000 });
    const slow = new Recorder();
    const fast = new Recorder();
    live.subscribe(slow);
    live.subscribe(fast);
    slow.waitingBytes = 9_950;
    live.publish(traffic(1));
    expect([slow.isEnded, fast.isEnded, live.dropped, live.clients]).toEqual([true, false, 1, 1]);
    live.close();
  });

  it('bounds its ring by bytes and its clients by number', () => {
    const live = new LiveEvents({ ringBytes: 300, maxClients: 1 });
    for (let packets = 0; packets < 50; packets++) live.publish(traffic(packets));
    const client = new Recorder();
    live.subscribe(client, '0');
    expect(client.packets.length).toBeLessThan(4);
    expect(live.subscribe(new Recorder())).toBeNull();
    expect(live.refused).toBe(1);
    live.close();
  });

  it('sends heartbeats, and ends a stream that is old enough to show its credentials again', () => {
    vi.useFakeTimers();
    const live = new LiveEvents({ heartbeatMs: 1000, maxStreamMs: 2500 });
    const client = new Recorder();
    live.subscribe(client);
    vi.advanceTimersByTime(2000);
    expect(client.text.match(/^: still here$/gm)).toHaveLength(2);
    expect(client.isEnded).toBe(false);
    vi.advanceTimersByTime(1000);
    expect(client.isEnded).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});
