/** Cuts a byte stream into lines without ever holding more than one line of `maxBytes`. */
export class LineReader {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that `chunk` completes, without their ends; null as soon as one is longer than allowed. */
  push(chunk: Buffer): string[] | null {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      if (this.#bytes + end - start > this.#maxBytes) return null;
      lines.push(Buffer.concat([...this.#parts, chunk.subarray(start, end)]).toString());
      this.#parts = [];
      this.#bytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) this.#parts.push(chunk.subarray(start));
    this.#bytes += chunk.length - start;
    return this.#bytes > this.#maxBytes ? null : lines;
  }
}
