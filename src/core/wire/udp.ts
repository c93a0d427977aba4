/** UDP header (RFC 768), read in place. After `at()` returns true every getter is in bounds. */

export const UDP_HEADER_BYTES = 8;
const DST_PORT = 2;
const LENGTH = 4;

export class UdpHeader {
  #view: DataView = new DataView(new ArrayBuffer(0));
  #start = 0;

  at(view: DataView, start: number, end: number): boolean {
    if (end - start < UDP_HEADER_BYTES) return false;
    this.#view = view;
    this.#start = start;
    return true;
  }

  get srcPort(): number {
    return this.#view.getUint16(this.#start);
  }

  get dstPort(): number {
    return this.#view.getUint16(this.#start + DST_PORT);
  }

  /** Header and payload in bytes, as the sender says; 0 is allowed for jumbograms only. */
  get length(): number {
    return this.#view.getUint16(this.#start + LENGTH);
  }
}
