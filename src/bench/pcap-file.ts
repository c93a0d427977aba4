/** A classic pcap file that a bench writes for all its peers: microseconds, one link type. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { pcapFileHeader } from '../capture/write-pcap.ts';

const WRITE_BYTES = 1 << 22;

export class PcapFile {
  readonly #file: number;
  readonly #buffer = new Uint8Array(WRITE_BYTES);
  #used = 0;

  constructor(path: string, linkType: number) {
    this.#file = openSync(path, 'w');
    this.put(pcapFileHeader(linkType));
  }

  /** `record`: with its header, at most 4 MiB. */
  put(record: Uint8Array): void {
    if (this.#used + record.length > WRITE_BYTES) this.#flush();
    this.#buffer.set(record, this.#used);
    this.#used += record.length;
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    writeSync(this.#file, this.#buffer, 0, this.#used);
    this.#used = 0;
  }
}
