/** Bytes that are no state of ours, or none that fits: the message says why, for a person. */
export class StateError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'StateError';
  }
}
