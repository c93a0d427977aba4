/** Reads capture files batch by batch and writes what comes of them no faster than the reader of the output takes it. */
import { once } from 'node:events';
import { openCapture } from '../capture/open-capture.ts';
import { requireLinkType } from '../capture/require-link-type.ts';
import type { Source } from '../capture/source.ts';
import { PacketBatch } from '../contract/packet-batch.ts';
import { PacketDecoder } from '../core/wire/decoder.ts';
import { AppError } from '../errors.ts';

const BATCH_ROWS = 4_096;

/** Makes the packets of one capture into lines of output. */
export interface BatchPrinter {
  /** The batch is reused after the call. */
  batch(batch: PacketBatch): void;
  /** The capture is over. */
  end(): void;
}

/**
 * Runs every file through a printer of its own, in the order given, below the line `head`. `print` may be called at any time.
 * @throws AppError `input_invalid`: not a capture; the first damage, after everything readable was printed.
 */
export async function printCaptures(
  files: readonly string[],
  out: NodeJS.WritableStream,
  head: string | null,
  printerOf: (print: (line: string) => void) => BatchPrinter,
): Promise<void> {
  let damage: unknown;
  let headLine = head;
  for (const file of files) {
    const source = await openCapture(file);
    const lines: string[] = headLine === null ? [] : [headLine];
    headLine = null;
    const write = async () => {
      if (lines.length === 0) return;
      const text = `${lines.join('\n')}\n`;
      lines.length = 0;
      if (!out.write(text)) await once(out, 'drain');
    };
    const printer = printerOf((line) => lines.push(line));
    const found = await printCapture(source, printer, write);
    damage ??= found;
    await write();
  }
  if (damage) throw damage;
}

async function printCapture(
  source: Source,
  printer: BatchPrinter,
  write: () => Promise<void>,
): Promise<AppError | undefined> {
  const decoder = new PacketDecoder();
  const batch = new PacketBatch(BATCH_ROWS);
  const flush = () => {
    printer.batch(batch);
    batch.clear();
  };
  let damage: AppError | undefined;
  try {
    await source.run(
      (frame) => {
        requireLinkType(frame, source);
        if (batch.isFull) flush();
        decoder.decode(frame, batch);
      },
      { onChunk: write },
    );
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'capture_damaged')) throw error;
    damage = error;
  }
  flush();
  printer.end();
  return damage;
}
