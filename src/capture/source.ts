/** Where frames come from: a capture file, a live interface, a child process. One suite runs against every kind. */

/** Called for each frame. `bytes` is a view into memory that the source reuses: read it now or copy it. */
export type FrameHandler = (frame: Frame) => void;

/** One object per source, refilled for every frame. */
export interface Frame {
  /** The frame is `view[start, end)`: what was captured of it. */
  view: DataView;
  bytes: Uint8Array;
  start: number;
  end: number;
  /** Bytes on the wire, at least `end - start`. */
  wireLength: number;
  /** Whole microseconds since the epoch, 0 to `LAST_MICROS`. */
  tsMicros: number;
  /** The capture tells a time that lies outside of that. Default false. */
  isTimeClipped?: boolean;
  /** LINKTYPE_ number as registered for pcap. */
  linkType: number;
  /** Interface name, or the capture file's name. */
  interface: string;
  /** This host sent it and left the transport checksum to the card: the bytes there mean nothing yet. */
  checksumPending: boolean;
}

export interface SourceStats {
  frames: number;
  bytes: number;
  /** Frames the kernel or the child dropped, since the start. */
  kernelDrops: number;
}

/** So many packets of the time between those two, µs since the epoch, were not captured. */
export interface CaptureLoss {
  readonly packets: number;
  readonly fromMicros: number;
  readonly toMicros: number;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Awaited after each chunk of frames. */
  readonly onChunk?: (() => void | Promise<void>) | undefined;
  /** Called between frames where a capture tells of packets that are missing among those before. */
  readonly onLoss?: ((loss: CaptureLoss) => void) | undefined;
}

export interface Source {
  readonly name: string;
  readonly stats: SourceStats;
  /**
   * Delivers frames in order until the source ends or `signal` aborts, then resolves. After each chunk
   * `onChunk` is awaited if given: back-pressure for files, the flush point for live capture.
   * @throws AppError `input_invalid` (not a capture), `capture_damaged` (readable frames were delivered
   * before; the message names offset and damage), `capture_unavailable` (no permission, no interface).
   */
  run(onFrame: FrameHandler, options?: RunOptions): Promise<void>;
}
