/** Sums stored packets and tells the live stream once a second: dashboards must not get an event per batch. */
import { ALERT_THRESHOLD, type AnalysedBatch } from '../contract/analysis.ts';
import type { LiveEvent } from '../contract/api.ts';

type Traffic = Extract<LiveEvent, { type: 'traffic' }>['data'];

export class TrafficTicker {
  readonly #timer: NodeJS.Timeout;
  #packets = 0;
  #malicious = 0;
  #bytes = 0;

  constructor(publish: (traffic: Traffic) => void) {
    this.#timer = setInterval(() => {
      if (this.#packets === 0) return;
      publish({
        at: new Date().toISOString(),
        packets: this.#packets,
        malicious: this.#malicious,
        bytes: this.#bytes,
      });
      this.#packets = 0;
      this.#malicious = 0;
      this.#bytes = 0;
    }, 1_000);
  }

  add({ packets, verdicts }: AnalysedBatch): void {
    this.#packets += packets.length;
    for (let row = 0; row < packets.length; row++) {
      this.#bytes += packets.wireLength[row] ?? 0;
      if ((verdicts.threatScore[row] ?? 0) >= ALERT_THRESHOLD) this.#malicious++;
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
