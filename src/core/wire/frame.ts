/** One captured frame as the decoder reads it; the capture layer's `Frame` has this shape. */
export interface WireFrame {
  /** The frame is `view[start, end)`, and `bytes` is the same memory under the same indices. */
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Bytes on the wire; more than `end - start` where the capture cut the frame. */
  readonly wireLength: number;
  /** Whole microseconds since the epoch, 0 to `LAST_MICROS`. */
  readonly tsMicros: number;
  /** The capture tells a time that lies outside of that. Default false. */
  readonly isTimeClipped?: boolean;
  /** The frame was captured on its sender, before the network card filled in the transport checksum. Default false. */
  readonly checksumPending?: boolean;
  /** LINKTYPE_ number as registered for pcap. */
  readonly linkType: number;
  /** Interface name, or the capture file's name. */
  readonly interface: string;
}
