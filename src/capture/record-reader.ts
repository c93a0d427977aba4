/** What the two file formats have in common for the source that reads them. */
import type { ByteWindow } from './byte-window.ts';
import type { CaptureLoss, Frame } from './source.ts';

export interface RecordReader {
  /**
   * Delivers every record that is whole in the window and leaves `window.position` behind the last. Formats that tell
   * of loss call `onLoss` in between.
   * @throws CaptureDamage where a record cannot be one.
   */
  readRecords(
    window: ByteWindow,
    frame: Frame,
    deliver: () => void,
    onLoss?: (loss: CaptureLoss) => void,
  ): void;
  /** The name of the piece that begins at the unread bytes, for the message about its missing end. */
  nameNextRecord(window: ByteWindow): string;
}
