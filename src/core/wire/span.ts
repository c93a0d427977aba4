/**
 * What one layer hands to the next: the bytes from `start` on, how many of them were captured and how
 * many were sent. One instance is reused for every packet; a reader that goes up moves `start` and the ends.
 */
export class Span {
  view: DataView = new DataView(new ArrayBuffer(0));
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  /** End of the captured bytes. */
  end = 0;
  /** End of the bytes that were on the wire, or that the layer below declared; not below `end`. */
  wireEnd = 0;

  /** The layer ends at `wireEnd`, whatever follows it in the frame. */
  cutAt(wireEnd: number): void {
    this.wireEnd = wireEnd;
    if (this.end > wireEnd) this.end = wireEnd;
  }
}
