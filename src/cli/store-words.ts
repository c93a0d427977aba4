/** The words of the commands that work on the store itself: its schema, its backups, its archive. */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../app/config.ts';
import { ALERT_KIND_NAMES } from '../contract/alert-kinds.ts';
import { PROTOCOLS } from '../contract/packet-batch.ts';
import type { ArchiveQueryWords } from './archive.ts';

const out = process.stdout;
const err = process.stderr;
/** Of the rows of one answer, which is put together in memory. */
const MAX_ROWS = 100_000;

interface StoreWords {
  readonly dataDir?: string;
  readonly pgBin?: string;
}

export function addStore(program: Command, readConfig: () => Promise<Config>): void {
  addDatabase(program, readConfig);
  addArchive(program, readConfig);
}

function addDatabase(program: Command, readConfig: () => Promise<Config>): void {
  const db = program.command('db').description('the database: schema, backup, restore, move');
  const command = (name: string, description: string) =>
    db.command(name).description(description).option('--data-dir <folder>', 'the data folder');
  const contextOf = async ({ dataDir }: StoreWords) => {
    const config = await readConfig();
    return {
      config: dataDir === undefined ? config : { ...config, data_dir: resolve(dataDir) },
      err,
    };
  };
  const PG_BIN = [
    '--pg-bin <folder>',
    'PostgreSQL binaries of the version that made the data folder',
  ] as const;
  command('migrate', 'bring the schema up to this version').action(async (words: StoreWords) => {
    const { migrateDatabase } = await import('./db.ts');
    await migrateDatabase(await contextOf(words));
  });
  command('backup', 'everything in one file; also while the platform runs')
    .argument('<file>', 'the file to write; - for standard output')
    .option(...PG_BIN)
    .action(async (file: string, words: StoreWords) => {
      const { backup } = await import('./db.ts');
      await backup(file, words.pgBin, await contextOf(words));
    });
  command('restore', 'a backup into an empty database, of any PostgreSQL from 15 on')
    .argument('<file>', 'the file to read; - for standard input')
    .action(async (file: string, words: StoreWords) => {
      const { restore } = await import('./db.ts');
      await restore(file, await contextOf(words));
    });
  command('move', 'everything into another, empty PostgreSQL; stop the platform before')
    .requiredOption('--to <url>', 'postgres://…, or embedded')
    .option(...PG_BIN)
    .action(async (words: StoreWords & { to: string }) => {
      const { move } = await import('./db.ts');
      await move(words.to, words.pgBin, await contextOf(words));
    });
}

interface ArchiveWords {
  readonly dir?: string;
  readonly json: boolean;
}

function addArchive(program: Command, readConfig: () => Promise<Config>): void {
  const archive = program.command('archive').description('what retention wrote away');
  const command = (name: string, description: string) =>
    archive
      .command(name)
      .description(description)
      .option('--dir <folder>', 'the archive; else that of the configuration')
      .option('--json', 'JSON lines', false);
  const contextOf = async ({ dir, json }: ArchiveWords) => {
    const { archiveTarget } = await import('../app/archive-target.ts');
    return { target: dir ?? archiveTarget(await readConfig()), json, out, err };
  };
  command('list', 'the files, the newest first').action(async (words: ArchiveWords) => {
    const { listArchive } = await import('./archive.ts');
    await listArchive(await contextOf(words));
  });
  command('query', 'packets, newest first; --flows: conversations')
    .option('--flows', 'search flows', false)
    .option('--from <time>', 'not before: 2026-01-31T12:00:00Z, or seconds since the epoch')
    .option('--to <time>', 'not after')
    .option('--source <ip>', 'from this address')
    .option('--target <ip>', 'to this address')
    .addOption(new Option('--protocol <name>', 'of this protocol').choices(PROTOCOLS))
    .addOption(new Option('--type <kind>', 'packets of this attack').choices(ALERT_KIND_NAMES))
    .option('--malicious', 'packets that are malicious')
    .option('--no-malicious', 'packets that are not known to be')
    .option('--service <name>', 'flows of this service')
    .option('--state <name>', 'flows that ended so, in the words of Zeek')
    .option('--limit <count>', 'at most so many', parseLimit, 50)
    .action(async (words: ArchiveWords & ArchiveQueryWords) => {
      const { queryArchive } = await import('./archive.ts');
      await queryArchive(words, await contextOf(words));
    });
}

function parseLimit(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > MAX_ROWS)
    throw new InvalidArgumentError(`Not a whole number from 1 to ${MAX_ROWS}.`);
  return value;
}
