/** The first frame of a backup: what made it, and what has to be there before its rows can go in. */
import { z } from 'zod';
import { damaged, type Frame } from './frames.ts';

/** Raised where an older program would read a newer file wrongly. */
export const BACKUP_VERSION = 1;

/** Names become SQL: nothing but what our own migrations and partitions are called. */
const Name = z.string().regex(/^[a-z_][a-z0-9_]*$/);

export const BackupHeader = z.object({
  format: z.literal('phantomnet-backup'),
  version: z.number().int(),
  created_at: z.string(),
  /** `server_version_num` of the PostgreSQL it was read from. */
  postgres: z.number().int(),
  /** The schema: the migrations that had been applied. */
  migrations: z.array(z.object({ number: z.number().int(), name: z.string() })),
  /** All but the default ones, in the order in which they are made. */
  partitions: z.array(
    z.object({ parent: Name, name: Name, lower: z.iso.datetime(), upper: z.iso.datetime() }),
  ),
});
export type BackupHeader = z.infer<typeof BackupHeader>;

export const BackupTable = z.object({ table: Name, columns: z.array(Name).min(1) });
export type BackupTable = z.infer<typeof BackupTable>;

export const BackupSequences = z.array(
  z.object({ name: Name, value: z.number().int(), is_called: z.boolean() }),
);

/** @throws AppError `input_invalid` */
export function parseFrame<Shape extends z.ZodType>(shape: Shape, frame: Frame): z.infer<Shape> {
  try {
    return shape.parse(JSON.parse(frame.bytes.toString()));
  } catch (error) {
    throw damaged('it is not one of PhantomNet, or damaged', error);
  }
}
