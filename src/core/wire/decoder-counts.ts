/** What a decoder gave up to stay in bounds, since it was made. */
export interface DecoderCounts {
  /** Begun messages of TCP streams. */
  readonly messages: number;
  /** Messages that a protocol's own reader gave up: QUIC, past its places and its openings a second. */
  readonly hellos: number;
  /** Fragmented packets that were forgotten before they were complete. */
  readonly fragments: number;
  /** Fragmented packets that were followed but not put together. */
  readonly wholes: number;
}

/** Of several decoders together. */
export function sumOfCounts(all: readonly DecoderCounts[]): DecoderCounts {
  const sum = (of: (counts: DecoderCounts) => number) =>
    all.reduce((total, counts) => total + of(counts), 0);
  return {
    messages: sum(({ messages }) => messages),
    hellos: sum(({ hellos }) => hellos),
    fragments: sum(({ fragments }) => fragments),
    wholes: sum(({ wholes }) => wholes),
  };
}
